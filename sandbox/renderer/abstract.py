"""Pure form: ribbons along a flow, folded facets, arcs that join into one line."""

from math import cos, hypot, pi, sin

from PIL import Image, ImageDraw

from sandbox.renderer.brush import Sheet, field, gradient, values
from sandbox.renderer.palettes import Color, along, mix

Spot = tuple[float, float]


def ribbons(sheet: Sheet) -> Image.Image:
    """Bands that follow an unseen current, wide ones first."""
    chance, palette = sheet.chance, sheet.palette
    image = gradient(sheet.size, (palette.ground, mix(palette.ground, palette.colors[0], 0.6), palette.ground))
    draw = ImageDraw.Draw(image)
    turns, tilt = chance.uniform(0.8, 1.7), chance.uniform(0, 2 * pi)
    grid = field(chance, (64, 64), chance.randint(3, 4))
    current = values(grid)
    paths = [_follow(sheet, current, turns, tilt) for _ in range(330)]
    hue = field(chance, (64, 64), 3)
    tones = values(hue)
    total = len(paths)
    for index, path in enumerate(paths):
        share = index / total
        wide = sheet.unit * (34 * (1 - share) ** 2 + 2.5)
        tone = tones[_cell(sheet, path[len(path) // 2])] * 1.3 - 0.15 + chance.uniform(-0.12, 0.12)
        color = along((*palette.colors, palette.accent, palette.light), tone)
        _band(draw, path, wide, color)
    return sheet.finish(image)


def facets(sheet: Sheet) -> Image.Image:
    """A crumpled sheet of triangles, lit from one side, with a bright heart."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    step = min(width, height) / chance.randint(9, 15)
    across, down = round(width / step) + 2, round(height / step) + 2
    spots = [
        [
            (
                (column - 0.5 + chance.uniform(-0.36, 0.36) + (row % 2) * 0.5) * step,
                (row - 0.5 + chance.uniform(-0.36, 0.36)) * step,
            )
            for column in range(across + 1)
        ]
        for row in range(down + 1)
    ]
    heart = (width * chance.uniform(0.25, 0.75), height * chance.uniform(0.2, 0.7))
    image = Image.new("RGB", sheet.size, palette.ground)
    draw = ImageDraw.Draw(image)
    for row in range(down):
        for column in range(across):
            a, b = spots[row][column], spots[row][column + 1]
            c, d = spots[row + 1][column], spots[row + 1][column + 1]
            halves = ((a, b, d), (a, d, c)) if row % 2 else ((a, b, c), (b, d, c))
            for corners in halves:
                draw.polygon(corners, fill=_facet_color(sheet, corners, heart))
    return sheet.finish(image)


def arcs(sheet: Sheet) -> Image.Image:
    """Quarter circles turned at random, which meet at every edge and so become long winding paths."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    tile = min(width, height) / chance.choice((6, 8, 10))
    image = gradient(sheet.size, (palette.light, mix(palette.light, palette.colors[3], 0.35)))
    draw = ImageDraw.Draw(image)
    bands = (
        (0.68, palette.ground),
        (0.58, palette.colors[1]),
        (0.4, palette.colors[2]),
        (0.24, palette.accent),
        (0.1, palette.light),
    )
    for row in range(int(height / tile) + 1):
        for column in range(int(width / tile) + 1):
            corner = (column * tile, row * tile)
            is_turned = chance.random() < 0.5
            for wide, color in bands:
                _tile(draw, corner, tile, wide * tile, color, is_turned=is_turned)
    return sheet.finish(image)


def _cell(sheet: Sheet, spot: Spot) -> int:
    across = min(63, max(0, int(spot[0] / sheet.size[0] * 64)))
    return min(63, max(0, int(spot[1] / sheet.size[1] * 64))) * 64 + across


def _follow(sheet: Sheet, current: list[float], turns: float, tilt: float) -> list[Spot]:
    x, y = sheet.chance.uniform(-0.1, 1.1) * sheet.size[0], sheet.chance.uniform(-0.1, 1.1) * sheet.size[1]
    stride, path = sheet.unit * 16, []
    for _ in range(sheet.chance.randint(14, 46)):
        path.append((x, y))
        angle = tilt + current[_cell(sheet, (x, y))] * 2 * pi * turns
        x, y = x + stride * cos(angle), y + stride * sin(angle)
    return path


def _band(draw: ImageDraw.ImageDraw, path: list[Spot], wide: float, color: Color) -> None:
    """A line with round ends and a streak of light along it."""
    half = wide / 2
    draw.line(path, fill=color, width=max(1, round(wide)), joint="curve")
    for x, y in (path[0], path[-1]):
        draw.ellipse((x - half, y - half, x + half, y + half), fill=color)
    if wide > 9:
        shine = [(x - half * 0.35, y - half * 0.35) for x, y in path[1:-1]]
        draw.line(shine, fill=mix(color, (255, 255, 255), 0.22), width=max(1, round(wide / 7)), joint="curve")


def _facet_color(sheet: Sheet, corners: tuple[Spot, Spot, Spot], heart: Spot) -> Color:
    x, y = (sum(spot[axis] for spot in corners) / 3 for axis in (0, 1))
    far = hypot(x - heart[0], y - heart[1]) / (max(sheet.size) * 0.78)
    (ax, ay), (bx, by), _ = corners
    slope = sin((bx - ax + by - ay) * 0.013 / sheet.unit * 3 + x * 0.002)
    return along(sheet.palette.climb, 0.97 - far + 0.09 * slope + sheet.chance.uniform(-0.06, 0.06))


def _tile(draw: ImageDraw.ImageDraw, corner: Spot, tile: float, wide: float, color: Color, *, is_turned: bool) -> None:
    x, y = corner
    centers = ((x + tile, y, 90), (x, y + tile, 270)) if is_turned else ((x, y, 0), (x + tile, y + tile, 180))
    outer = tile / 2 + wide / 2
    for cx, cy, start in centers:
        box = (cx - outer, cy - outer, cx + outer, cy + outer)
        draw.arc(box, start, start + 90, fill=color, width=round(wide))
