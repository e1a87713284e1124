"""What an edit does to a picture: each effect keeps the picture readable and gives it another hand."""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from sandbox.renderer.brush import gradient
from sandbox.renderer.palettes import Color, Palette, along, mix

# Image, luck and palette in; an image of the same size out.
Effect = Callable[[Image.Image, random.Random, Palette], Image.Image]


def toned(image: Image.Image, stops: tuple[Color, ...]) -> Image.Image:
    """Dark to light becomes the way along the stops."""
    ramp = [along(stops, level / 255) for level in range(256)]
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    return Image.merge("RGB", [grey.point([color[band] for color in ramp]) for band in range(3)])


def duotone(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Two inks."""
    return toned(image, (palette.ground, palette.accent, palette.light))


def golden(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Late light: other lights and shadows over half of the picture's own colours."""
    late = toned(image, (palette.ground, palette.colors[2], palette.accent, palette.light))
    return Image.blend(image, late, 0.65)


def poster(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """A few flat inks."""
    flat = image.filter(ImageFilter.MedianFilter(7))
    return toned(ImageOps.posterize(flat.convert("RGB"), 2), palette.climb)


def watercolor(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Soft pools of colour with darker rims on paper."""
    pools = image.filter(ImageFilter.MedianFilter(9)).filter(ImageFilter.SMOOTH_MORE)
    rims = ImageOps.invert(pools.convert("L").filter(ImageFilter.FIND_EDGES)).point(lambda level: 155 + level * 0.39)
    washed = ImageChops.multiply(pools, Image.merge("RGB", [rims] * 3))
    return Image.blend(washed, Image.new("RGB", image.size, palette.light), 0.28)


def bloom(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """Light that spills over its edges, in a cold night."""
    night = Image.blend(image, toned(image, (palette.ground, palette.colors[1], palette.light)), 0.7)
    spill = night.point([max(0, level - 130) * 2 for level in range(256)] * 3)
    return ImageChops.screen(night, spill.filter(ImageFilter.GaussianBlur(chance.randint(8, 18))))


def mosaic(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """Small stones and the joints between them."""
    step = max(6, min(image.size) // chance.choice((40, 52, 64)))
    stones = _pixelated(image, step)
    draw, joint = ImageDraw.Draw(stones), mix(palette.ground, palette.light, 0.25)
    for x in range(0, image.width, step):
        draw.line((x, 0, x, image.height), fill=joint, width=max(1, step // 7))
    for y in range(0, image.height, step):
        draw.line((0, y, image.width, y), fill=joint, width=max(1, step // 7))
    return stones


def pixels(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """Large squares in a few colours."""
    coarse = _pixelated(image, max(4, min(image.size) // chance.choice((48, 64, 80))))
    return Image.blend(ImageOps.posterize(coarse, 3), toned(coarse, palette.climb), 0.35)


def layered(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Sheets of paper, one a step of light, each with its shadow."""
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.GaussianBlur(3)))
    pile = Image.new("RGB", image.size, palette.ground)
    for layer, color in enumerate(palette.climb[1:], start=1):
        sheet = grey.point([255 if level > layer * 45 else 0 for level in range(256)])
        shadow = ImageChops.offset(sheet, 6, 8).filter(ImageFilter.GaussianBlur(5)).point(lambda level: level * 0.5)
        pile.paste(palette.ground, (0, 0), shadow)
        pile.paste(color, (0, 0), sheet)
    return pile


def neon(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Outlines that shine on a dark wall."""
    edges = image.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    # Slow gradients are no outlines.
    lines = edges.point([min(255, max(0, level - 12) * 9) for level in range(256)])
    tubes = toned(lines.filter(ImageFilter.MaxFilter(3)), (palette.ground, palette.accent, palette.light))
    return ImageChops.screen(tubes, tubes.filter(ImageFilter.GaussianBlur(9)))


def cinema(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Cold shadows, warm lights, darker corners."""
    split = Image.blend(image, toned(image, (palette.ground, palette.colors[2], palette.light)), 0.45)
    corners = Image.radial_gradient("L").resize(image.size).point([max(90, 255 - level // 2) for level in range(256)])
    return ImageChops.multiply(split, Image.merge("RGB", [corners] * 3))


def halftone(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """Dots, larger where it is darker."""
    step = max(6, min(image.size) // chance.choice((70, 90)))
    small = image.convert("L").resize((image.width // step + 1, image.height // step + 1), Image.Resampling.BOX)
    sheet = Image.new("RGB", image.size, palette.light)
    draw = ImageDraw.Draw(sheet)
    for place, level in enumerate(small.get_flattened_data()):
        dark = 1 - (level if isinstance(level, int) else 0) / 255
        x, y = place % small.width * step, place // small.width * step
        draw.ellipse((x, y, x + step * dark * 1.3, y + step * dark * 1.3), fill=palette.colors[0])
    return Image.blend(sheet, image, 0.25)


def pencil(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Strokes on paper, a breath of colour left."""
    grey = image.convert("L")
    negative = ImageOps.invert(grey).filter(ImageFilter.GaussianBlur(10))
    strokes = ImageChops.add(grey, negative).point(lambda level: 255 * (level / 255) ** 6)
    drawn = ImageChops.multiply(Image.merge("RGB", [strokes] * 3), Image.new("RGB", image.size, palette.light))
    return Image.blend(drawn, image, 0.18)


def wash(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """Northern light over it."""
    veil = gradient(image.size, (palette.colors[2], palette.accent, palette.ground))
    return Image.blend(ImageChops.soft_light(image, veil), ImageChops.screen(image, veil), 0.3)


def shards(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """Seen through broken glass: strips that moved."""
    broken, x = golden(image, chance, palette), 0
    while x < image.width:
        wide = chance.randint(max(2, image.width // 30), max(3, image.width // 9))
        strip = image.crop((x, 0, min(x + wide, image.width), image.height))
        broken.paste(ImageChops.offset(strip, 0, chance.randint(-image.height // 14, image.height // 14)), (x, 0))
        x += wide * chance.choice((1, 2))
    return broken


def mirrored(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """The other way round, in other colours."""
    return Image.blend(ImageOps.mirror(image), toned(ImageOps.mirror(image), palette.climb), 0.55)


def closer(image: Image.Image, chance: random.Random, palette: Palette) -> Image.Image:
    """A nearer look, warmer and more vivid."""
    width, height = image.size
    left, top = chance.randint(0, width // 4), chance.randint(0, height // 4)
    near = image.crop((left, top, left + width * 3 // 4, top + height * 3 // 4)).resize(image.size)
    return Image.blend(ImageEnhance.Color(near).enhance(1.5), Image.new("RGB", image.size, palette.accent), 0.14)


def kaleidoscope(image: Image.Image, _chance: random.Random, palette: Palette) -> Image.Image:
    """One quarter, four times."""
    width, height = image.size
    quarter = ImageOps.fit(image, ((width + 1) // 2, (height + 1) // 2))
    whole = Image.new("RGB", image.size, palette.ground)
    for x, y, turned in (
        (0, 0, quarter),
        (width // 2, 0, ImageOps.mirror(quarter)),
        (0, height // 2, ImageOps.flip(quarter)),
        (width // 2, height // 2, ImageOps.flip(ImageOps.mirror(quarter))),
    ):
        whole.paste(turned, (x, y))
    return whole


def _pixelated(image: Image.Image, step: int) -> Image.Image:
    small = image.resize((max(1, image.width // step), max(1, image.height // step)), Image.Resampling.BOX)
    return small.resize(image.size, Image.Resampling.NEAREST)
