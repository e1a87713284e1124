"""Which model paints how: a style family and a few palettes each, so that a gallery shows who made what."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from sandbox.renderer import palettes
from sandbox.renderer.abstract import arcs, facets, ribbons
from sandbox.renderer.brush import Sheet
from sandbox.renderer.city import city
from sandbox.renderer.cosmos import planet
from sandbox.renderer.garden import herbarium
from sandbox.renderer.ornament import dots, mandala
from sandbox.renderer.palettes import Palette
from sandbox.renderer.paper import contours, papercut, school
from sandbox.renderer.scenery import aurora, dunes, mountains


@dataclass(frozen=True)
class Studio:
    """One model's hand."""

    style: Callable[[Sheet], Image.Image]
    palettes: tuple[Palette, ...]

    def paint(self, chance: random.Random, width: int, height: int, *, is_transparent: bool) -> Image.Image:
        """Picks a palette, then paints; everything follows from `chance`."""
        palette = self.palettes[chance.randrange(len(self.palettes))]
        return self.style(Sheet(chance, width, height, palette, is_transparent))


_p = palettes
STUDIOS = {
    "xai.grok-imagine-image-quality": Studio(mountains, (_p.DUSK, _p.OCEAN, _p.NORDIC, _p.ROSE, _p.FOREST, _p.LILAC)),
    "fal.flux-dev": Studio(ribbons, (_p.EMBER, _p.OCEAN, _p.CANDY, _p.DUSK, _p.TEAL)),
    "xai.grok-imagine-image": Studio(facets, (_p.DUSK, _p.TEAL, _p.MIDNIGHT, _p.EMBER, _p.LILAC)),
    "openai.gpt-image-2": Studio(school, (_p.SCHOOL, _p.TERRACOTTA, _p.NORDIC, _p.CANDY)),
    "openai.gpt-image-1.5": Studio(herbarium, (_p.FOREST, _p.TERRACOTTA, _p.ROSE, _p.TEAL, _p.NORDIC)),
    "fal.gemini-3-pro-image-preview": Studio(planet, (_p.MIDNIGHT, _p.DUSK, _p.EMBER, _p.TEAL, _p.LILAC)),
    "fal.nano-banana-pro": Studio(city, (_p.NORDIC, _p.CANDY, _p.TERRACOTTA, _p.DUSK, _p.TEAL)),
    "fal.nano-banana-2": Studio(papercut, (_p.DUSK, _p.OCEAN, _p.ROSE, _p.TERRACOTTA, _p.LILAC)),
    "fal.flux-pro-v1-1-ultra": Studio(contours, (_p.SAND, _p.TEAL, _p.NORDIC, _p.FOREST, _p.OCEAN)),
    "fal.bytedance-seedream-v4-5-text-to-image": Studio(dunes, (_p.SAND, _p.DUSK, _p.TERRACOTTA, _p.ROSE)),
    "fal.bytedance-seedream-v5-lite-text-to-image": Studio(dots, (_p.CANDY, _p.OCEAN, _p.EMBER, _p.FOREST, _p.LILAC)),
    "fal.z-image-turbo": Studio(arcs, (_p.CANDY, _p.NORDIC, _p.EMBER, _p.TEAL, _p.ROSE)),
    "fal.kling-image-o3-text-to-image": Studio(aurora, (_p.MIDNIGHT, _p.TEAL, _p.LILAC, _p.OCEAN)),
    "fal.dreamo": Studio(mandala, (_p.ROSE, _p.LILAC, _p.TERRACOTTA, _p.OCEAN, _p.EMBER)),
}
