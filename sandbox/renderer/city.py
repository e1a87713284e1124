"""A small city seen from above at an angle, block by block from the far corner to the near one."""

from PIL import Image, ImageDraw

from sandbox.renderer.brush import Sheet, disc, field, glow, gradient, values
from sandbox.renderer.palettes import Color, along, mix

Spot = tuple[float, float]


def city(sheet: Sheet) -> Image.Image:
    """Towers where the ground swells, gardens and ponds between them."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    is_night = chance.random() < 0.4
    sky = (
        (palette.ground, palette.colors[0])
        if is_night
        else (palette.light, mix(palette.light, palette.colors[3], 0.55))
    )
    image = gradient(sheet.size, sky)
    glow(image, (width * chance.uniform(0.2, 0.8), height * 0.1), width * 0.6, palette.light, 0.5)
    half = sheet.unit * chance.uniform(40, 58)
    rows, columns = round(height / half * 2) + 14, round(width / half / 2) + 3
    town_map = values(field(chance, (columns, rows), 3))
    town = Town(sheet, ImageDraw.Draw(image), half, is_night=is_night)
    first = round(rows * chance.uniform(0.12, 0.22))
    # From the back row to the front one, so that what is near covers what is far.
    for row in range(first, rows):
        for column in range(columns):
            spot = ((column * 2 + row % 2 - 1) * half, row * half / 2)
            across, down = column - row // 2, column + (row + 1) // 2
            town.lot(spot, town_map[row * columns + column], is_street=across % 5 == 0 or down % 5 == 0)
    return sheet.finish(image)


class Town:
    """Draws one lot at a time; `half` is half the width of a lot in pixels."""

    def __init__(self, sheet: Sheet, draw: ImageDraw.ImageDraw, half: float, *, is_night: bool) -> None:
        self.sheet, self.draw, self.half, self.is_night = sheet, draw, half, is_night
        palette = sheet.palette
        self.street = (
            mix(palette.ground, palette.colors[0], 0.5) if is_night else mix(palette.light, palette.colors[1], 0.25)
        )
        self.grass = mix(palette.colors[1], palette.colors[2], 0.5)

    def lot(self, spot: Spot, density: float, *, is_street: bool) -> None:
        """A street, a garden, or a house whose height follows the density."""
        chance = self.sheet.chance
        if is_street:
            self._prism(spot, 1.0, self.half * 0.12, self.street)
            return
        if density < 0.3 or chance.random() < 0.05:
            self._garden(spot)
            return
        self._prism(spot, 1.0, self.half * 0.12, self.street)
        color = along((*self.sheet.palette.colors, self.sheet.palette.accent), chance.random())
        tall = self.half * (0.5 + 5.2 * (density - 0.28) ** 1.3 * chance.uniform(0.5, 1.4))
        foot = (spot[0], spot[1] - self.half * 0.12)
        self._prism(foot, 0.8, tall, color, has_windows=True)
        if chance.random() < 0.45:
            self._prism(
                (foot[0], foot[1] - tall),
                0.42,
                tall * 0.22 + self.half * 0.1,
                mix(color, self.sheet.palette.light, 0.3),
            )

    def _prism(self, spot: Spot, size: float, tall: float, color: Color, *, has_windows: bool = False) -> None:
        """A box that stands on the lot: roof, left wall, right wall."""
        x, y = spot
        wide, deep = self.half * size, self.half * size / 2
        north, east, south, west = (x, y - deep), (x + wide, y), (x, y + deep), (x - wide, y)
        lift = [(px, py - tall) for px, py in (north, east, south, west)]
        left, right = mix(color, self.sheet.palette.ground, 0.28), mix(color, self.sheet.palette.ground, 0.58)
        self.draw.polygon([west, south, lift[2], lift[3]], fill=left)
        self.draw.polygon([south, east, lift[1], lift[2]], fill=right)
        self.draw.polygon(lift, fill=mix(color, self.sheet.palette.light, 0.34))
        if has_windows:
            self._windows(west, south, tall, left)
            self._windows(south, east, tall, right)

    def _windows(self, start: Spot, end: Spot, tall: float, wall: Color) -> None:
        """Rows of small lights, lit more often at night."""
        chance, palette = self.sheet.chance, self.sheet.palette
        floors = int(tall / (self.half * 0.36))
        lit, dark = mix(palette.light, palette.accent, 0.3), mix(wall, palette.ground, 0.35)
        for floor in range(floors):
            low = tall * (floor + 0.25) / floors
            high = tall * (floor + 0.72) / floors
            for share in (0.14, 0.42, 0.7):
                is_lit = chance.random() < (0.5 if self.is_night else 0.14)
                a, b = self._between(start, end, share), self._between(start, end, share + 0.17)
                corners = [(a[0], a[1] - low), (b[0], b[1] - low), (b[0], b[1] - high), (a[0], a[1] - high)]
                self.draw.polygon(corners, fill=lit if is_lit else dark)

    def _garden(self, spot: Spot) -> None:
        chance, palette = self.sheet.chance, self.sheet.palette
        self._prism(spot, 1.0, self.half * 0.12, self.grass)
        for _ in range(chance.randint(1, 3)):
            x = spot[0] + chance.uniform(-0.45, 0.45) * self.half
            y = spot[1] + chance.uniform(-0.2, 0.2) * self.half - self.half * 0.14
            size = self.half * chance.uniform(0.16, 0.28)
            self.draw.line((x, y, x, y - size * 1.6), fill=palette.ground, width=max(1, round(self.half * 0.05)))
            disc(self.draw, (x, y - size * 1.9), size, mix(self.grass, palette.ground, 0.3))
            disc(self.draw, (x - size * 0.25, y - size * 2.1), size * 0.6, mix(self.grass, palette.light, 0.18))

    @staticmethod
    def _between(start: Spot, end: Spot, share: float) -> Spot:
        return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
