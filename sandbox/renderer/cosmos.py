"""Far away: a nebula, stars, a banded planet with a ring and moons."""

from math import cos, pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.renderer.brush import Sheet, disc, field, glow, gradient, values
from sandbox.renderer.palettes import Color, along, mix


def planet(sheet: Sheet) -> Image.Image:
    """One world in the light of a star that is out of sight."""
    chance, palette = sheet.chance, sheet.palette
    image = _nebula(sheet)
    _starfield(sheet, image)
    radius = sheet.unit * chance.uniform(190, 310)
    center = (sheet.size[0] * chance.uniform(0.34, 0.66), sheet.size[1] * chance.uniform(0.36, 0.64))
    glow(image, center, radius * 1.5, palette.colors[2], 0.5)
    has_ring = chance.random() < 0.65
    ring = _ring(sheet, center, radius) if has_ring else None
    if ring:
        image.paste(ring[0], (0, 0), ring[1])
    globe, mask = _globe(sheet, round(radius))
    spot = (round(center[0] - radius), round(center[1] - radius))
    image.paste(globe, spot, mask)
    if ring:
        front = ring[1].copy()
        front.paste(0, (0, 0, sheet.size[0], round(center[1])))
        image.paste(ring[0], (0, 0), front)
    for _ in range(chance.randint(1, 3)):
        _moon(sheet, image, center, radius)
    return sheet.finish(image)


def _nebula(sheet: Sheet) -> Image.Image:
    """Clouds of two colours on black, drawn small, since they are soft."""
    chance, palette = sheet.chance, sheet.palette
    small = (sheet.size[0] // 8, sheet.size[1] // 8)
    image = Image.new("RGB", small, mix(palette.ground, (0, 0, 0), 0.55))
    for color, cells in ((palette.colors[0], 3), (palette.colors[1], 4), (palette.accent, 5)):
        cloud = field(chance, small, cells, detail=0.5).point(lambda value: value * 420 - 190).convert("L")
        dim = mix((0, 0, 0), color, 0.55)
        image = ImageChops.screen(image, ImageChops.multiply(Image.new("RGB", small, dim), cloud.convert("RGB")))
    return image.filter(ImageFilter.GaussianBlur(1)).resize(sheet.size, Image.Resampling.BICUBIC)


def _starfield(sheet: Sheet, image: Image.Image) -> None:
    chance, draw = sheet.chance, ImageDraw.Draw(image)
    for _ in range(420):
        spot = (chance.uniform(0, sheet.size[0]), chance.uniform(0, sheet.size[1]))
        disc(
            draw,
            spot,
            sheet.unit * chance.choice((0.6, 0.7, 0.9, 1.4)),
            mix((60, 60, 80), (255, 255, 255), chance.random()),
        )
    for _ in range(6):
        spot = (chance.uniform(0, sheet.size[0]), chance.uniform(0, sheet.size[1]))
        glow(image, spot, sheet.unit * chance.uniform(14, 30), sheet.palette.light, 0.8)
        disc(draw, spot, sheet.unit * 2.2, (255, 255, 255))


def _globe(sheet: Sheet, radius: int) -> tuple[Image.Image, Image.Image]:
    """Bands bent by a little turbulence, then the shade of a sphere; and the disc that cuts it out."""
    chance, palette = sheet.chance, sheet.palette
    side = radius * 2
    count = chance.randint(9, 18)
    stops = tuple(along((*palette.colors, palette.light, palette.accent), chance.random()) for _ in range(count))
    bands = gradient((64, side), stops).resize((side, side))
    swirl = values(field(chance, (9, 25), 6))
    bends = []
    # A coarse mesh is enough: the bands are soft, and each cell costs a call.
    for row in range(24):
        for column in range(8):
            box = (column * side // 8, row * side // 24, (column + 1) * side // 8, (row + 1) * side // 24)
            corners = ((0, 0), (0, 1), (1, 1), (1, 0))
            lifts = [(swirl[(row + dy) * 9 + column + dx] - 0.5) * side * 0.09 for dx, dy in corners]
            xs, ys = (box[0], box[0], box[2], box[2]), (box[1], box[3], box[3], box[1])
            lifted = [min(max(y + lift, 0), side) for y, lift in zip(ys, lifts, strict=True)]
            quad = tuple(value for pair in zip(xs, lifted, strict=True) for value in pair)
            bends.append((box, quad))
    bands = bands.transform(bands.size, Image.Transform.MESH, bends, Image.Resampling.BILINEAR)
    tilted = bands.rotate(chance.uniform(-24, 24), Image.Resampling.BILINEAR, fillcolor=stops[0])
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((1, 1, side - 2, side - 2), fill=255)
    return _shaded(sheet, tilted, side), mask


def _shaded(sheet: Sheet, ball: Image.Image, side: int) -> Image.Image:
    """Dark towards the far side, with a soft terminator."""
    light = Image.radial_gradient("L").resize((round(side * 2.1),) * 2, Image.Resampling.BILINEAR)
    reach = round(side * sheet.chance.uniform(0.3, 0.42))
    corner = (light.width // 2 - reach, light.height // 2 - reach)
    shade = light.crop((*corner, corner[0] + side, corner[1] + side))
    shade = shade.point([min(255, round(max(0, level - 30) ** 1.5 * 0.33)) for level in range(256)])
    dark = Image.new("RGB", (side, side), mix(sheet.palette.ground, (0, 0, 0), 0.75))
    return Image.composite(dark, ball, shade)


def _ring(sheet: Sheet, center: tuple[float, float], radius: float) -> tuple[Image.Image, Image.Image]:
    """A flat ring with gaps, and its mask; the caller hides the half behind the planet."""
    chance, palette = sheet.chance, sheet.palette
    mask = Image.new("L", sheet.size)
    color = Image.new("RGB", sheet.size, mix(palette.light, palette.colors[3], 0.5))
    draw, flat = ImageDraw.Draw(mask), chance.uniform(0.16, 0.3)
    x, y = center
    steps = 46
    for step in range(steps, -1, -1):
        far = radius * (1.28 + 0.9 * step / steps)
        bright = round(255 * (0.25 + 0.6 * abs(sin(step * 0.9) * cos(step * 0.23 + 1)))) if step else 0
        draw.ellipse((x - far, y - far * flat, x + far, y + far * flat), fill=bright)
    return color, mask


def _moon(sheet: Sheet, image: Image.Image, center: tuple[float, float], radius: float) -> None:
    chance = sheet.chance
    angle, far = chance.uniform(0, 2 * pi), radius * chance.uniform(1.5, 2.1)
    size = round(radius * chance.uniform(0.06, 0.15))
    color: Color = mix(sheet.palette.colors[3], (235, 235, 235), 0.5)
    ball = _shaded(sheet, Image.new("RGB", (size * 2, size * 2), color), size * 2)
    mask = Image.new("L", ball.size)
    ImageDraw.Draw(mask).ellipse((0, 0, size * 2 - 1, size * 2 - 1), fill=255)
    image.paste(ball, (round(center[0] + far * cos(angle)), round(center[1] + far * 0.7 * sin(angle))), mask)
