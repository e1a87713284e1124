"""Places: mountains with a sun, dunes under a moon, northern lights over a forest."""

from math import cos, pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.renderer.brush import Sheet, disc, glow, gradient, ridge, wave
from sandbox.renderer.palettes import Color, along, mix


def mountains(sheet: Sheet) -> Image.Image:
    """Ridge behind ridge in the haze, a sun, pines in front, sometimes a lake that mirrors it all."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    horizon = height * chance.uniform(0.5, 0.62)
    has_lake = chance.random() < 0.5
    sky = tuple(along(palette.climb, place) for place in (0.25, 0.45, 0.68, 0.85, 0.97))
    image = gradient(sheet.size, sky)
    sun = (width * chance.uniform(0.2, 0.8), horizon - height * chance.uniform(0.08, 0.28))
    glow(image, sun, sheet.unit * 620, palette.light, 0.75)
    disc(ImageDraw.Draw(image), sun, sheet.unit * chance.uniform(48, 95), mix(palette.light, palette.accent, 0.15))
    _clouds(sheet, image, horizon)
    layers = chance.randint(5, 7)
    for layer in range(layers):
        share = layer / (layers - 1)
        base = horizon + (height * (0.17 if has_lake else 0.42)) * share**1.4
        tall = height * (0.2 - 0.06 * share)
        color = mix(along(palette.climb, 0.8 - 0.62 * share), palette.ground, share * 0.35)
        _ridge_layer(sheet, image, base, tall=tall, color=color, roughness=0.5 + 0.05 * share)
    if has_lake:
        _mirror(sheet, image, round(horizon + height * 0.17))
    _pines(sheet, image, height * chance.uniform(0.94, 0.98))
    return sheet.finish(image)


def dunes(sheet: Sheet) -> Image.Image:
    """Long waves of sand, one side lit and one in shade, under a large moon."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    horizon = height * chance.uniform(0.36, 0.5)
    image = gradient(sheet.size, (palette.ground, *palette.colors[:3], palette.colors[3], palette.colors[3]))
    draw = ImageDraw.Draw(image)
    _stars(sheet, draw, horizon * 0.8)
    moon, radius = (width * chance.uniform(0.25, 0.75), horizon * chance.uniform(0.4, 0.7)), sheet.unit * 90
    glow(image, moon, radius * 4, palette.light, 0.55)
    disc(draw, moon, radius, mix(palette.light, palette.accent, 0.2))
    layers = 6
    for layer in range(layers):
        share = layer / (layers - 1)
        _dune(sheet, image, horizon + (height * 0.85 - horizon) * share**1.15, share)
    return sheet.finish(image)


def aurora(sheet: Sheet) -> Image.Image:
    """Curtains of light in a clear night, a dark forest and still water."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    shore = round(height * chance.uniform(0.68, 0.76))
    image = gradient(sheet.size, (mix(palette.ground, (0, 0, 0), 0.5), palette.ground, palette.colors[0]))
    _stars(sheet, ImageDraw.Draw(image), shore)
    light = Image.new("RGB", (width // 8, height // 8))
    for index in range(chance.randint(3, 4)):
        _curtain(sheet, light, along((palette.colors[2], palette.accent, palette.colors[3]), index / 3))
    soft = light.filter(ImageFilter.GaussianBlur(2)).resize(sheet.size, Image.Resampling.BICUBIC)
    image = ImageChops.screen(image, soft)
    _ridge_layer(
        sheet, image, shore, tall=height * 0.13, color=mix(palette.ground, palette.colors[0], 0.45), roughness=0.48
    )
    _forest(sheet, image, shore, mix(palette.ground, (0, 0, 0), 0.55))
    _mirror(sheet, image, shore + round(8 * sheet.unit))
    return sheet.finish(image)


def _ridge_layer(sheet: Sheet, image: Image.Image, base: float, *, tall: float, color: Color, roughness: float) -> None:
    """One ridge, a little lighter at its foot where the haze lies."""
    width, height = sheet.size
    line = [(x, base - tall * rise) for x, rise in ridge(sheet.chance, width, roughness)]
    mask = Image.new("L", sheet.size)
    ImageDraw.Draw(mask).polygon([*line, (width, height), (0, height)], fill=255)
    top = max(0, round(base - tall))
    haze = gradient(
        (width, height - top), (color, mix(color, sheet.palette.light, 0.16), mix(color, sheet.palette.light, 0.3))
    )
    image.paste(haze, (0, top), mask.crop((0, top, width, height)))


def _clouds(sheet: Sheet, image: Image.Image, horizon: float) -> None:
    """Thin bands, wide and soft."""
    chance, small = sheet.chance, (sheet.size[0] // 8, sheet.size[1] // 8)
    mask = Image.new("L", small)
    draw = ImageDraw.Draw(mask)
    for _ in range(chance.randint(5, 11)):
        x, y = chance.uniform(-0.1, 1) * small[0], chance.uniform(0.08, 0.95) * horizon / 8
        long, thick = chance.uniform(0.15, 0.5) * small[0], chance.uniform(0.004, 0.016) * small[1]
        draw.ellipse((x, y, x + long, y + thick), fill=chance.randint(40, 105))
    soft = mask.filter(ImageFilter.GaussianBlur(1.6)).resize(sheet.size, Image.Resampling.BICUBIC)
    image.paste(sheet.palette.light, (0, 0), soft)


def _mirror(sheet: Sheet, image: Image.Image, shore: int) -> None:
    """Water below the shore: the picture upside down, darker, torn by ripples."""
    width, height = sheet.size
    depth = height - shore
    above_water = image.crop((0, max(0, shore - depth), width, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = Image.blend(above_water, Image.new("RGB", above_water.size, sheet.palette.ground), 0.28)
    y = 0
    while y < water.height:
        band = max(2, round((2 + 16 * y / depth) * sheet.unit))
        strip = water.crop((0, y, width, min(y + band, water.height)))
        image.paste(strip, (round(sheet.chance.uniform(-14, 14) * sheet.unit * y / depth), shore + y))
        y += band


def _pines(sheet: Sheet, image: Image.Image, ground: float) -> None:
    """A few dark trees on both sides, near the eye."""
    chance, draw = sheet.chance, ImageDraw.Draw(image)
    width, height = sheet.size
    color = mix(sheet.palette.ground, (0, 0, 0), 0.45)
    side = chance.choice((0.0, 0.62))
    for _ in range(chance.randint(9, 15)):
        x = width * (side + chance.uniform(-0.04, 0.42))
        _pine(draw, (x, ground + height * 0.03), sheet.unit * chance.uniform(90, 300), color)
    draw.rectangle((0, ground, width, height), fill=color)


def _forest(sheet: Sheet, image: Image.Image, shore: float, color: Color) -> None:
    draw, x = ImageDraw.Draw(image), -20.0
    while x < sheet.size[0] + 20:
        _pine(draw, (x, shore + 8 * sheet.unit), sheet.unit * sheet.chance.uniform(45, 130), color)
        x += sheet.unit * sheet.chance.uniform(8, 30)
    draw.rectangle((0, shore, sheet.size[0], shore + 8 * sheet.unit), fill=color)


def _pine(draw: ImageDraw.ImageDraw, foot: tuple[float, float], tall: float, color: Color) -> None:
    x, y = foot
    for tier in range(6):
        top, bottom = y - tall * (1 - tier * 0.13), y - tall * (0.66 - tier * 0.13)
        half = tall * (0.055 + 0.032 * tier)
        draw.polygon([(x, top), (x + half, bottom), (x - half, bottom)], fill=color)


def _stars(sheet: Sheet, draw: ImageDraw.ImageDraw, below: float) -> None:
    chance = sheet.chance
    for _ in range(260):
        spot = (chance.uniform(0, sheet.size[0]), chance.uniform(0, below))
        color = mix(sheet.palette.colors[1], sheet.palette.light, chance.uniform(0.3, 1))
        disc(draw, spot, sheet.unit * chance.choice((0.7, 0.9, 1.2, 2.0)), color)


def _dune(sheet: Sheet, image: Image.Image, base: float, share: float) -> None:
    """A lit slope, then its shaded side from the crest down along a curve of its own."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    waves = [(chance.uniform(0.6, 1.9), chance.uniform(0, 2 * pi), chance.uniform(0.4, 1)) for _ in range(3)]
    tall = height * (0.035 + 0.06 * share)

    def crest(x: float) -> float:
        return base - tall * sum(size * sin(2 * pi * turns * x / width + start) for turns, start, size in waves) / 2

    xs = [width * index / 160 for index in range(161)]
    line = [(x, crest(x)) for x in xs]
    lit = mix(along(palette.climb, 0.86 - 0.42 * share), palette.accent, 0.18)
    mask = Image.new("L", sheet.size)
    ImageDraw.Draw(mask).polygon([*line, (width, height), (0, height)], fill=255)
    image.paste(gradient(sheet.size, (lit, lit, mix(lit, palette.ground, 0.35))), (0, 0), mask)
    shade = mix(lit, palette.ground, 0.42 + 0.2 * share)
    peaks = [i for i in range(1, 160) if line[i][1] < line[i - 1][1] and line[i][1] <= line[i + 1][1]]
    for peak in peaks:
        _shaded_side(image, line[peak:], shade, height * (0.1 + 0.22 * share), chance.uniform(0.1, 0.35))


def _shaded_side(image: Image.Image, crest: list[tuple[float, float]], shade: Color, deep: float, lean: float) -> None:
    down = [
        (crest[0][0] + deep * lean * sin(step / 12 * pi) + deep * step / 30, crest[0][1] + deep * step / 12)
        for step in range(13)
    ]
    reach = [spot for spot in crest if spot[0] <= down[-1][0] + deep * 2.4]
    ImageDraw.Draw(image).polygon([*reach, *reversed(down)], fill=shade)


def _curtain(sheet: Sheet, light: Image.Image, color: Color) -> None:
    """Rays that stand on a winding line, bright at the foot and fading upwards."""
    chance, (width, height) = sheet.chance, light.size
    foot, sway = height * chance.uniform(0.32, 0.6), height * chance.uniform(0.06, 0.16)
    turns, start = chance.uniform(0.7, 1.8), chance.uniform(0, 2 * pi)
    strength = [
        0.6 * slow + 0.4 * quick for slow, quick in zip(wave(chance, width, 5), wave(chance, width, 70), strict=True)
    ]
    ray = gradient((1, 64), ((0, 0, 0), mix((0, 0, 0), color, 0.15), mix((0, 0, 0), color, 0.5), color, (0, 0, 0)))
    layer = Image.new("RGB", light.size)
    for x in range(width):
        bright = 0.35 + 0.65 * abs(sin(x * 0.9 + 3 * strength[x])) * strength[x]
        angle = 2 * pi * turns * x / width + start
        y = foot + sway * sin(angle) + sway * 0.4 * cos(angle * 2.3)
        tall = max(4, round(height * (0.22 + 0.22 * strength[x])))
        streak = ray.resize((1, tall)).point([round(level * min(bright, 1.0)) for level in range(256)] * 3)
        layer.paste(streak, (x, round(y - tall)))
    light.paste(ImageChops.add(light, layer))
