"""Edits: an owned picture in, its visible descendant out; a mask keeps the rest as it was."""

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from sandbox.renderer import effects
from sandbox.renderer.artifact import Artifact
from sandbox.renderer.effects import Effect
from sandbox.renderer.palettes import CANDY, DUSK, EMBER, LILAC, MIDNIGHT, NORDIC, OCEAN, SAND, TEAL, Palette
from sandbox.renderer.picture import Spec, blended, encode, opened

# Effects look at neighbouring pixels, which takes time; above this edge they are enlarged from a smaller print.
_WORKING_EDGE = 1280


@dataclass(frozen=True)
class Bench:
    """One model's hand."""

    effect: Effect
    palettes: tuple[Palette, ...]


BENCHES = {
    "xai.grok-imagine-image-quality": Bench(effects.golden, (DUSK, OCEAN, EMBER, LILAC)),
    "xai.grok-imagine-image": Bench(effects.shards, (TEAL, DUSK, MIDNIGHT)),
    "openai.gpt-image-2-edit": Bench(effects.poster, (NORDIC, CANDY, EMBER)),
    "openai.gpt-image-1.5-edit": Bench(effects.watercolor, (NORDIC, TEAL, SAND)),
    "fal.gemini-3-pro-image-preview-edit": Bench(effects.bloom, (MIDNIGHT, DUSK, OCEAN)),
    "fal.nano-banana-pro-edit": Bench(effects.mosaic, (NORDIC, SAND, TEAL)),
    "fal.nano-banana-2-edit": Bench(effects.layered, (DUSK, OCEAN, LILAC, EMBER)),
    "fal.ideogram-v2-edit": Bench(effects.neon, (MIDNIGHT, CANDY, TEAL)),
    "fal.flux-pro-kontext": Bench(effects.duotone, (DUSK, OCEAN, NORDIC, EMBER)),
    "fal.flux-pro-kontext-max": Bench(effects.cinema, (TEAL, MIDNIGHT, EMBER)),
    "fal.bytedance-seedream-v4-5-edit": Bench(effects.halftone, (SAND, CANDY, NORDIC)),
    "fal.bytedance-seedream-v5-lite-edit": Bench(effects.pencil, (SAND, NORDIC, LILAC)),
    "fal.z-image-turbo-edit": Bench(effects.pixels, (CANDY, EMBER, TEAL)),
    "fal.kling-image-o3-image-to-image": Bench(effects.wash, (MIDNIGHT, LILAC, TEAL)),
    "fal.flux-dev-redux": Bench(effects.mirrored, (DUSK, OCEAN, EMBER)),
    "fal.flux-krea-redux": Bench(effects.closer, (SAND, EMBER, LILAC)),
    "fal.flux-schnell-redux": Bench(effects.kaleidoscope, (CANDY, TEAL, DUSK)),
}


def develop(spec: Spec, source: bytes, mask: bytes | None = None, references: tuple[bytes, ...] = ()) -> Artifact:
    """Fits the input to the ordered size, edits it, and keeps what the mask protects. Pure."""
    size = (spec.width, spec.height)
    print_ = ImageOps.fit(opened(source), size)
    chance, bench = spec.chance(), BENCHES[spec.model_id]
    palette = bench.palettes[chance.randrange(len(bench.palettes))]
    small = print_.copy()
    small.thumbnail((_WORKING_EDGE, _WORKING_EDGE))
    edited = bench.effect(blended(small, references), chance, palette).resize(size)
    if mask is not None:
        edited = Image.composite(edited, print_, _window(mask, size))
    return encode(edited, spec)


def _window(mask: bytes, size: tuple[int, int]) -> Image.Image:
    """White where the edit shows: the transparent part of a mask that has one, else its light part."""
    with Image.open(io.BytesIO(mask)) as image:
        alpha = image.convert("RGBA").getchannel("A")
        window = image.convert("L") if alpha.getextrema() == (255, 255) else ImageOps.invert(alpha)
    return ImageOps.fit(window, size).point([255 if level > 127 else 0 for level in range(256)])
