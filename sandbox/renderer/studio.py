"""Which model paints how: a style family and a few palettes each, so that a gallery shows who made what."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from sandbox.renderer.abstract import arcs, facets, ribbons
from sandbox.renderer.brush import Sheet
from sandbox.renderer.city import city
from sandbox.renderer.cosmos import planet
from sandbox.renderer.garden import herbarium
from sandbox.renderer.ornament import dots, mandala
from sandbox.renderer.palettes import (
    CANDY,
    DUSK,
    EMBER,
    FOREST,
    LILAC,
    MIDNIGHT,
    NORDIC,
    OCEAN,
    ROSE,
    SAND,
    SCHOOL,
    TEAL,
    TERRACOTTA,
    Palette,
)
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


STUDIOS = {
    "xai.grok-imagine-image-quality": Studio(mountains, (DUSK, OCEAN, NORDIC, ROSE, FOREST, LILAC)),
    "fal.flux-dev": Studio(ribbons, (EMBER, OCEAN, CANDY, DUSK, TEAL)),
    "xai.grok-imagine-image": Studio(facets, (DUSK, TEAL, MIDNIGHT, EMBER, LILAC)),
    "openai.gpt-image-2": Studio(school, (SCHOOL, TERRACOTTA, NORDIC, CANDY)),
    "openai.gpt-image-1.5": Studio(herbarium, (FOREST, TERRACOTTA, ROSE, TEAL, NORDIC)),
    "fal.gemini-3-pro-image-preview": Studio(planet, (MIDNIGHT, DUSK, EMBER, TEAL, LILAC)),
    "fal.nano-banana-pro": Studio(city, (NORDIC, CANDY, TERRACOTTA, DUSK, TEAL)),
    "fal.nano-banana-2": Studio(papercut, (DUSK, OCEAN, ROSE, TERRACOTTA, LILAC)),
    "fal.flux-pro-v1-1-ultra": Studio(contours, (SAND, TEAL, NORDIC, FOREST, OCEAN)),
    "fal.bytedance-seedream-v4-5-text-to-image": Studio(dunes, (SAND, DUSK, TERRACOTTA, ROSE)),
    "fal.bytedance-seedream-v5-lite-text-to-image": Studio(dots, (CANDY, OCEAN, EMBER, FOREST, LILAC)),
    "fal.z-image-turbo": Studio(arcs, (CANDY, NORDIC, EMBER, TEAL, ROSE)),
    "fal.kling-image-o3-text-to-image": Studio(aurora, (MIDNIGHT, TEAL, LILAC, OCEAN)),
    "fal.dreamo": Studio(mandala, (ROSE, LILAC, TERRACOTTA, OCEAN, EMBER)),
}
