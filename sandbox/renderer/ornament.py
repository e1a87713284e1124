"""Order around a centre, and a picture made of dots."""

from math import cos, pi, sin

from PIL import Image, ImageDraw

from sandbox.renderer.brush import Sheet, disc, glow, gradient, wave
from sandbox.renderer.palettes import Color, along, mix


def mandala(sheet: Sheet) -> Image.Image:
    """Rings of petals from the rim inwards, each ring with its own count, shape and colour."""
    chance, palette = sheet.chance, sheet.palette
    image = gradient(sheet.size, (palette.ground, mix(palette.ground, palette.colors[0], 0.8), palette.ground))
    center = (sheet.size[0] / 2, sheet.size[1] / 2)
    glow(image, center, max(sheet.size) * 0.7, palette.colors[1], 0.6)
    draw = ImageDraw.Draw(image)
    folds = chance.choice((8, 10, 12, 16))
    rings = chance.randint(8, 10)
    for ring in range(rings):
        far = sheet.unit * 640 * (1 - ring / rings) ** 1.05 + sheet.unit * 26
        color = along((*palette.colors, palette.accent, palette.light), (ring * 0.37 + chance.random() * 0.3) % 1)
        _ring(sheet, draw, center, far=far, count=folds * chance.choice((1, 1, 2)), color=color)
    disc(draw, center, sheet.unit * 30, palette.light)
    disc(draw, center, sheet.unit * 15, palette.accent)
    return sheet.finish(image)


def dots(sheet: Sheet) -> Image.Image:
    """Hills and a sun told in dots, larger where it is lighter."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    step = sheet.unit * chance.choice((17, 20, 24))
    image = Image.new("RGB", sheet.size, mix(palette.ground, (0, 0, 0), 0.25))
    draw = ImageDraw.Draw(image)
    scene = _dot_scene(sheet, (round(width / step) + 2, round(height / step) + 2))
    pixels = scene.load()
    if pixels is None:
        return sheet.finish(image)
    for row in range(scene.height):
        for column in range(scene.width):
            shown = pixels[column, row]
            color: Color = shown if isinstance(shown, tuple) and len(shown) == 3 else palette.light
            bright = sum(color) / 765
            spot = ((column + (row % 2) / 2 - 0.25) * step, (row - 0.25) * step)
            shade = mix(color, palette.bright[(row * 7 + column * 3) % 5], chance.uniform(0, 0.22))
            disc(draw, spot, step * (0.24 + 0.34 * bright + chance.uniform(-0.03, 0.03)), shade)
    return sheet.finish(image)


def _ring(
    sheet: Sheet, draw: ImageDraw.ImageDraw, center: tuple[float, float], *, far: float, count: int, color: Color
) -> None:
    """Petals, leaves, beads or scallops around the centre, with a lighter heart each."""
    kind = sheet.chance.randrange(4)
    inner = mix(color, sheet.palette.light, 0.4)
    dark = mix(sheet.palette.ground, sheet.palette.colors[0], sheet.chance.uniform(0.1, 0.9))
    phase = sheet.chance.choice((0.0, pi / count))
    disc(draw, center, far * 0.83, dark)
    for index in range(count):
        angle = phase + 2 * pi * index / count
        if kind == 3:
            at = (center[0] + far * 0.86 * cos(angle), center[1] + far * 0.86 * sin(angle))
            disc(draw, at, far * 1.7 / count, color)
            disc(draw, at, far * 0.8 / count, inner)
            continue
        wide = (2.6, 1.8, 3.2)[kind] / count
        draw.polygon(_petal(center, angle, far * 0.45, far, wide), fill=color)
        draw.polygon(_petal(center, angle, far * 0.55, far * 0.9, wide * 0.55), fill=inner)
        draw.polygon(_petal(center, angle, far * 0.62, far * 0.8, wide * 0.25), fill=dark)


def _petal(
    center: tuple[float, float], angle: float, near: float, far: float, wide: float
) -> list[tuple[float, float]]:
    def at(share: float, side: int) -> tuple[float, float]:
        reach = near + (far - near) * share
        turn = angle + side * wide * sin(pi * share**0.8) * (1 - 0.25 * share)
        return center[0] + reach * cos(turn), center[1] + reach * sin(turn)

    steps = [step / 10 for step in range(11)]
    return [at(share, 1) for share in steps] + [at(share, -1) for share in reversed(steps)]


def _dot_scene(sheet: Sheet, size: tuple[int, int]) -> Image.Image:
    """The small picture that the dots repeat."""
    chance, palette = sheet.chance, sheet.palette
    big = (size[0] * 4, size[1] * 4)
    image = gradient(big, (palette.colors[0], palette.colors[1], palette.colors[2], palette.colors[3]))
    sun = (big[0] * chance.uniform(0.25, 0.75), big[1] * chance.uniform(0.25, 0.45))
    glow(image, sun, min(big) * 0.55, palette.light, 0.6)
    draw = ImageDraw.Draw(image)
    disc(draw, sun, min(big) * chance.uniform(0.12, 0.19), palette.accent)
    for layer in range(4):
        base = big[1] * (0.52 + 0.13 * layer)
        hills = wave(chance, 64, chance.randint(2, 4))
        line = [(big[0] * i / 63, base - big[1] * 0.22 * (rise - 0.4)) for i, rise in enumerate(hills)]
        tone = mix(along(palette.climb, 0.62 - 0.16 * layer), palette.colors[1], 0.2)
        draw.polygon([*line, (big[0], big[1]), (0, big[1])], fill=tone)
    return image.reduce(4)
