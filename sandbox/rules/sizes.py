"""How many pixels an order means: an explicit size first, else the resolution class and the aspect ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from sandbox.rules.parameters import PRESETS

_EDGE = {"0.5k": 512, "1k": 1024, "2k": 2048, "3k": 3072, "4k": 4096}


@dataclass(frozen=True)
class Size:
    """Pixels, and the class they belong to."""

    width: int
    height: int
    resolution_class: str


def size_of(parameters: Mapping[str, Any], aspect_ratio: str) -> Size:
    """Clean parameters only. `auto` and an absent size follow the aspect ratio."""
    chosen = parameters.get("image_size") or parameters.get("size") or "auto"
    if isinstance(chosen, dict):
        return _exactly(chosen["width"], chosen["height"])
    if chosen in PRESETS:
        return _exactly(*PRESETS[chosen])
    if "x" in chosen:
        width, _, height = chosen.partition("x")
        return _exactly(int(width), int(height))
    # OpenAI's three sizes: its models alone have a choice of output format.
    if "output_format" in parameters:
        return _exactly(*_openai(aspect_ratio))
    automatic = chosen.partition("_")[2]
    return _by_ratio(str(automatic or parameters.get("resolution", "1k")).lower(), aspect_ratio)


def _exactly(width: int, height: int) -> Size:
    edge = max(width, height)
    return Size(width, height, next(name for name, limit in _EDGE.items() if edge <= limit))


def _openai(aspect_ratio: str) -> tuple[int, int]:
    return {"3:2": (1536, 1024), "2:3": (1024, 1536)}.get(aspect_ratio, (1024, 1024))


def _by_ratio(resolution_class: str, aspect_ratio: str) -> Size:
    """The area of the class's square, both sides a multiple of 16."""
    # The area is what the provider charges for and what takes time, so it stays the same whatever the shape.
    edge = _EDGE[resolution_class]
    across, _, down = aspect_ratio.partition(":")
    stretch = sqrt(int(across) / int(down))
    return Size(round(edge * stretch / 16) * 16, round(edge / stretch / 16) * 16, resolution_class)
