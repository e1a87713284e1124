"""Paper and ink: cut layers with shadows, a surveyor's map, shapes from the school of design."""

from math import cos, pi, sin

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.renderer.brush import Sheet, above, disc, field, gradient
from sandbox.renderer.palettes import Color, along, mix


def papercut(sheet: Sheet) -> Image.Image:
    """Sheets with a hole each, stacked: every layer throws a shadow on the one below."""
    chance, palette = sheet.chance, sheet.palette
    size = (sheet.width, sheet.height)
    heights = field(chance, size, chance.randint(3, 4), detail=0.15)
    image = gradient(size, (palette.accent, mix(palette.accent, palette.light, 0.6)))
    layers = 8
    for layer in range(layers):
        color = along(palette.climb, 0.92 - layer * 0.125)
        mask = above(heights, 0.16 + 0.09 * layer)
        drop = round(min(size) * 0.012)
        moved = mask.transform(size, Image.Transform.AFFINE, (1, 0, drop / 3, 0, 1, -drop))
        shadow = moved.reduce(4).filter(ImageFilter.BoxBlur(drop / 5)).resize(size)
        image.paste(mix(palette.ground, (0, 0, 0), 0.4), (0, 0), _faded(shadow, 0.5))
        image.paste(gradient(size, (mix(color, palette.light, 0.12), color)), (0, 0), mask)
    return image


def contours(sheet: Sheet) -> Image.Image:
    """A map: tinted heights, thin lines between them, every fifth one stronger, and a route."""
    chance, palette = sheet.chance, sheet.palette
    is_night = chance.random() < 0.4
    stops = palette.climb[:5] if is_night else (palette.light, *reversed(palette.colors[1:]), palette.colors[1])
    ink = palette.light if is_night else palette.ground
    levels = chance.choice((20, 25, 30))
    heights = field(chance, sheet.size, chance.randint(3, 5), detail=0.2)
    bands = heights.point(lambda height: height * levels + 0.0).convert("L")
    tints = [along(stops, level / levels) for level in range(256)]
    plain = Image.merge("RGB", [bands.point([tint[channel] for tint in tints]) for channel in range(3)])
    steps = bands.point([level // 5 for level in range(256)])
    plain.paste(ink, (0, 0), _faded(_borders(bands, sheet.scale), 0.45))
    plain.paste(ink, (0, 0), _faded(_borders(steps, sheet.scale * 2), 0.85))
    image = sheet.finish(plain)
    _route(sheet, image, palette.accent)
    return image


def school(sheet: Sheet) -> Image.Image:
    """Circles, quarters, bars and stripes on a strict grid; without its paper where transparency is asked for."""
    chance, palette = sheet.chance, sheet.palette
    image = sheet.clear() if sheet.is_transparent else Image.new("RGB", sheet.size, palette.light)
    draw = ImageDraw.Draw(image)
    width, height = sheet.size
    cell = min(width, height) / chance.choice((4, 5, 6))
    across, down = round(width / cell), round(height / cell)
    left, top = (width - across * cell) / 2, (height - down * cell) / 2
    for row in range(-1, down + 1):
        for column in range(-1, across + 1):
            _school_tile(sheet, draw, (left + column * cell, top + row * cell), cell)
    _great_circle(sheet, draw, cell)
    return sheet.finish(image)


def _borders(bands: Image.Image, wide: int) -> Image.Image:
    """A line of this many pixels wherever one band meets the next."""
    beside = ImageChops.difference(bands, ImageChops.offset(bands, wide, 0))
    below = ImageChops.difference(bands, ImageChops.offset(bands, 0, wide))
    return ImageChops.lighter(beside, below).point([0, *[255] * 255])


def _faded(mask: Image.Image, share: float) -> Image.Image:
    return mask.point([round(level * share) for level in range(256)])


def _route(sheet: Sheet, image: Image.Image, color: Color) -> None:
    """A dashed way across the map, with a mark at its end."""
    chance, draw = sheet.chance, ImageDraw.Draw(image)
    start, bend = chance.uniform(0.2, 0.8), chance.uniform(-0.2, 0.2)
    thick = max(2, round(min(image.size) * 0.005))
    spots = [
        (
            sheet.width * (0.08 + 0.84 * step / 60),
            sheet.height * (start + bend * sin(step / 60 * 2 * pi) + 0.06 * cos(step / 60 * 7)),
        )
        for step in range(61)
    ]
    for index in range(0, 60, 2):
        draw.line((*spots[index], *spots[index + 1]), fill=color, width=thick)
    disc(draw, spots[-1], thick * 3.2, color)
    disc(draw, spots[-1], thick * 1.4, sheet.palette.light)
    disc(draw, spots[0], thick * 2, color)


def _school_tile(sheet: Sheet, draw: ImageDraw.ImageDraw, corner: tuple[float, float], cell: float) -> None:
    """One of seven figures on its own ground, or nothing, for rest."""
    chance, palette = sheet.chance, sheet.palette
    x, y = corner
    box = (x, y, x + cell, y + cell)
    inks = (*palette.colors, palette.ground)
    ground, ink = sheet.pick((*palette.colors, palette.light, palette.light)), sheet.pick(inks)
    if chance.random() < 0.1:
        return
    draw.rectangle(box, fill=ground)
    if ink == ground:
        ink = palette.light
    kind = chance.randrange(7)
    middle = (x + cell / 2, y + cell / 2)
    if kind <= 2:
        _quarters(sheet, draw, corner, cell, ink)
    elif kind == 3:
        disc(draw, middle, cell * 0.5, ink)
        disc(draw, middle, cell * 0.24, ground)
    elif kind == 4:
        draw.polygon([(x, y), (x + cell, y), chance.choice(((x, y + cell), (x + cell, y + cell)))], fill=ink)
    else:
        _rows(draw, corner, cell, ink, are_dots=kind == 5)


def _rows(draw: ImageDraw.ImageDraw, corner: tuple[float, float], cell: float, ink: Color, *, are_dots: bool) -> None:
    """Nine dots, or four bars."""
    x, y = corner
    for spot in range(9 if are_dots else 0):
        disc(draw, (x + cell * (spot % 3 + 0.5) / 3, y + cell * (spot // 3 + 0.5) / 3), cell * 0.075, ink)
    for bar in range(0 if are_dots else 4):
        draw.rectangle((x, y + cell * bar / 4, x + cell, y + cell * (bar / 4 + 0.125)), fill=ink)


def _quarters(sheet: Sheet, draw: ImageDraw.ImageDraw, corner: tuple[float, float], cell: float, ink: Color) -> None:
    """A quarter circle, often with a smaller one inside."""
    x, y = corner
    dx, dy, start = sheet.chance.choice(((0, 0, 0), (1, 0, 90), (1, 1, 180), (0, 1, 270)))
    cx, cy = x + dx * cell, y + dy * cell
    for reach, color in ((1.0, ink), (0.55, sheet.pick(sheet.palette.bright)))[: sheet.chance.choice((1, 2, 2))]:
        far = cell * reach
        draw.pieslice((cx - far, cy - far, cx + far, cy + far), start, start + 90, fill=color)


def _great_circle(sheet: Sheet, draw: ImageDraw.ImageDraw, cell: float) -> None:
    """One large ring over the grid, so that the eye has a place to rest."""
    chance = sheet.chance
    x, y = (side * chance.uniform(0.3, 0.7) for side in sheet.size)
    far = cell * chance.uniform(1.0, 1.5)
    disc(draw, (x, y), far, sheet.pick(sheet.palette.colors))
    draw.pieslice((x - far, y - far, x + far, y + far), 90, 270, fill=sheet.palette.ground)
    disc(draw, (x, y), far * 0.42, sheet.palette.light)
