"""What every style paints with: smooth fields, gradients, glows, masks with soft edges."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw

from sandbox.renderer.palettes import Color, Palette

_OVERSIZE_LIMIT = 2_400_000
Size = tuple[int, int]


@dataclass(frozen=True)
class Sheet:
    """One commission: size in pixels of the finished picture, its palette, its luck.

    Styles made of shapes draw at `scale` times the size and are reduced at the end, which smooths their edges.
    """

    chance: random.Random
    width: int
    height: int
    palette: Palette
    is_transparent: bool = False

    @property
    def scale(self) -> int:
        """2, or 1 where the picture is so large that its edges are fine anyway."""
        return 2 if self.width * self.height <= _OVERSIZE_LIMIT else 1

    @property
    def size(self) -> Size:
        """Pixels to draw on."""
        return self.width * self.scale, self.height * self.scale

    @property
    def unit(self) -> float:
        """A thousandth of the shorter side, in drawn pixels."""
        return min(self.size) / 1000

    def clear(self) -> Image.Image:
        """An empty, transparent canvas."""
        return Image.new("RGBA", self.size, (*self.palette.light, 0))

    def finish(self, image: Image.Image) -> Image.Image:
        """Back to the size that was ordered."""
        return image.reduce(self.scale) if self.scale > 1 else image

    def pick(self, colors: tuple[Color, ...]) -> Color:
        """One of them."""
        return colors[self.chance.randrange(len(colors))]


def gradient(size: Size, stops: tuple[Color, ...]) -> Image.Image:
    """Top to bottom through all stops."""
    column = Image.new("RGB", (1, len(stops)))
    column.putdata(stops)
    # In two steps: a column is cheap to smooth, and a row is copied across as it is.
    return column.resize((1, size[1]), Image.Resampling.BICUBIC).resize(size, Image.Resampling.NEAREST)


def field(chance: random.Random, size: Size, cells: int, *, detail: float = 0.0) -> Image.Image:
    """Smooth hills without a grid in them, 0 to 1, as floats.

    About `cells` hills on the shorter side; `detail` adds small ones. Noise is blurred as numbers on a small grid,
    since eight bits would leave terraces, and then enlarged.
    """
    short = min(size)
    across, down = (max(2, round(cells * 4 * side / short)) for side in size)
    hills = _stretched(_blurred(chance, across, down, passes=3))
    if detail:
        bumps = _stretched(_blurred(chance, across, down, passes=1))
        hills = _stretched([high + low * detail for high, low in zip(hills, bumps, strict=True)])
    grid = Image.new("F", (across, down))
    grid.putdata(hills)
    return grid.resize(size, Image.Resampling.BICUBIC)


def wave(chance: random.Random, steps: int, bends: int) -> list[float]:
    """A smooth line of heights, 0 to 1."""
    heights = [chance.random() for _ in range(bends + 3)]
    curve = []
    for step in range(steps):
        place = step / steps * bends
        left, share = int(place), place % 1
        eased = share * share * (3 - 2 * share)
        curve.append(heights[left] + (heights[left + 1] - heights[left]) * eased)
    return curve


def values(image: Image.Image) -> list[float]:
    """The numbers of a float image, row by row."""
    return [float(value) for value in image.get_flattened_data() if isinstance(value, float | int)]


def above(heights: Image.Image, level: float, *, softness: float = 0.006) -> Image.Image:
    """A mask of where a field is above a level; the edge is `softness` of height wide, so it needs no oversize."""
    gain = 255 / softness
    return heights.point(lambda height: height * gain + (127.5 - level * gain)).convert("L")


def glow(image: Image.Image, center: tuple[float, float], radius: float, color: Color, strength: float = 1.0) -> None:
    """Light that fades from a centre."""
    side = max(2, round(radius * 2))
    falloff = Image.radial_gradient("L")
    mask = falloff.point([round(255 * strength * max(0.0, 1 - value / 180) ** 2) for value in range(256)])
    spot = (round(center[0] - radius), round(center[1] - radius))
    image.paste(color, (*spot, spot[0] + side, spot[1] + side), mask.resize((side, side), Image.Resampling.BILINEAR))


def disc(draw: ImageDraw.ImageDraw, center: tuple[float, float], radius: float, color: Color) -> None:
    """A filled circle."""
    x, y = center
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def ridge(chance: random.Random, width: int, roughness: float, *, steps: int = 8) -> list[tuple[float, float]]:
    """A mountain line by midpoint displacement: `x` over the width, heights about -1 to 1."""
    heights = [chance.uniform(-0.6, 0.6), chance.uniform(-0.6, 0.6)]
    swing = 1.0
    for _ in range(steps):
        between = [(a + b) / 2 + chance.uniform(-swing, swing) for a, b in pairwise(heights)]
        heights = [height for pair in zip(heights, between, strict=False) for height in pair] + heights[-1:]
        swing *= roughness
    peak = max(abs(height) for height in heights) or 1.0
    step = width / (len(heights) - 1)
    return [(index * step, height / peak) for index, height in enumerate(heights)]


def _blurred(chance: random.Random, across: int, down: int, *, passes: int) -> list[float]:
    """White noise, blurred in both directions; the margin keeps the border as lively as the middle."""
    margin = passes + 1
    wide, tall = across + 2 * margin, down + 2 * margin
    rows = [[chance.random() for _ in range(wide)] for _ in range(tall)]
    for _ in range(passes):
        rows = _transposed([_row_blurred(row) for row in rows])
        rows = _transposed([_row_blurred(row) for row in rows])
    return [value for row in rows[margin:-margin] for value in row[margin:-margin]]


def _row_blurred(row: list[float]) -> list[float]:
    padded = [row[1], row[0], *row, row[-1], row[-2]]
    return [
        (a + 4 * b + 6 * c + 4 * d + e) / 16
        for a, b, c, d, e in zip(padded, padded[1:], padded[2:], padded[3:], padded[4:], strict=False)
    ]


def _transposed(rows: list[list[float]]) -> list[list[float]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _stretched(heights: list[float]) -> list[float]:
    low, high = min(heights), max(heights)
    return [(height - low) / (high - low or 1) for height in heights]
