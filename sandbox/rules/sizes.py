"""How many pixels an order means: an explicit size first, else the resolution class and the aspect ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from sandbox.rules.parameters import PRESETS

_EDGE = {"0.5k": 512, "1k": 1024, "2k": 2048, "3k": 3072, "4k": 4096}
# The three sizes that OpenAI's models draw, by their shape.
_OPENAI = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
# An input may be a strip of any shape; what is made of it stays a picture.
_LONGEST_STRIP = 4.0


@dataclass(frozen=True)
class Size:
    """Pixels, and the class they belong to."""

    width: int
    height: int
    resolution_class: str


def exactly(width: int, height: int) -> Size:
    """These pixels; the class is the first that their longer side fits in."""
    edge = max(width, height)
    return Size(width, height, next(name for name, limit in _EDGE.items() if edge <= limit))


def size_of(parameters: Mapping[str, Any], aspect_ratio: str, *, is_openai: bool = False) -> Size:
    """Clean parameters only; the ratio is `W:H`. `auto` and an absent size follow the aspect ratio."""
    chosen = parameters.get("image_size") or parameters.get("size") or "auto"
    if isinstance(chosen, dict):
        return exactly(chosen["width"], chosen["height"])
    if chosen in PRESETS:
        return exactly(*PRESETS[chosen])
    if "x" in chosen:
        width, _, height = chosen.partition("x")
        return exactly(int(width), int(height))
    if is_openai:
        return exactly(*_nearest(aspect_ratio))
    automatic = chosen.partition("_")[2]
    return _by_ratio(str(automatic or parameters.get("resolution", "1k")).lower(), aspect_ratio)


def _nearest(aspect_ratio: str) -> tuple[int, int]:
    shape = _stretch(aspect_ratio)
    return min(_OPENAI.values(), key=lambda size: abs(shape - sqrt(size[0] / size[1])))


def _by_ratio(resolution_class: str, aspect_ratio: str) -> Size:
    """The area of the class's square, both sides a multiple of 16."""
    # The area is what the provider charges for and what takes time, so it stays the same whatever the shape.
    edge, stretch = _EDGE[resolution_class], _stretch(aspect_ratio)
    return Size(round(edge * stretch / 16) * 16, round(edge / stretch / 16) * 16, resolution_class)


def _stretch(aspect_ratio: str) -> float:
    across, _, down = aspect_ratio.partition(":")
    ratio = min(max(int(across) / int(down), 1 / _LONGEST_STRIP), _LONGEST_STRIP)
    return sqrt(ratio)
