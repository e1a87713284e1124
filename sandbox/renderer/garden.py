"""Plants that grow by one rule: a stem bends, forks, and ends in leaves or a flower."""

from math import cos, pi, radians, sin

from PIL import Image, ImageDraw

from sandbox.renderer.brush import Sheet, disc, glow, gradient
from sandbox.renderer.palettes import Color, mix

Spot = tuple[float, float]


def herbarium(sheet: Sheet) -> Image.Image:
    """A handful of plants, tall ones first; on paper, or on nothing where transparency is asked for."""
    chance, palette = sheet.chance, sheet.palette
    width, height = sheet.size
    if sheet.is_transparent:
        image = sheet.clear()
    else:
        image = gradient(sheet.size, (palette.light, mix(palette.light, palette.colors[3], 0.3)))
        sun = (width * chance.uniform(0.3, 0.7), height * chance.uniform(0.25, 0.45))
        disc(ImageDraw.Draw(image), sun, sheet.unit * chance.uniform(170, 260), mix(palette.light, palette.accent, 0.4))
        glow(image, sun, sheet.unit * 420, palette.light, 0.3)
    draw = ImageDraw.Draw(image)
    count = chance.randint(6, 9)
    order = sorted(range(count), key=lambda _: chance.random())
    for rank, place in enumerate(order):
        x = width * (0.1 + 0.8 * (place + chance.uniform(0.2, 0.8)) / count)
        depth = rank / count
        stem = mix(palette.colors[1], palette.ground, 0.15 + 0.6 * depth)
        Plant(sheet, draw, stem).grow((x, height * 1.02), sheet.unit * chance.uniform(420, 780) * (1 - 0.35 * depth))
    return sheet.finish(image)


class Plant:
    """One species: how it bends and forks, the shape of its leaves, the colour of its flowers."""

    def __init__(self, sheet: Sheet, draw: ImageDraw.ImageDraw, stem: Color) -> None:
        chance = sheet.chance
        self.sheet, self.draw, self.stem = sheet, draw, stem
        self.bend = chance.uniform(-0.35, 0.35)
        self.fork = chance.uniform(22, 44)
        self.leaf = (chance.uniform(0.26, 0.42), chance.uniform(0.22, 0.5))
        self.tint = sheet.pick(sheet.palette.colors)
        self.flower = sheet.pick((sheet.palette.accent, sheet.palette.colors[2], sheet.palette.colors[1]))
        self.petals = chance.choice((5, 6, 8, 13))
        self.has_flowers = chance.random() < 0.6

    def grow(self, foot: Spot, tall: float) -> None:
        """From the ground up."""
        self._branch(foot, -90 + self.sheet.chance.uniform(-9, 9), tall * 0.42, 3)

    def _branch(self, foot: Spot, angle: float, long: float, depth: int) -> None:
        path = [foot]
        steps = 9
        for step in range(steps):
            angle += self.bend * (step + 1) + self.sheet.chance.uniform(-2.2, 2.2)
            x, y = path[-1]
            path.append((x + long / steps * cos(radians(angle)), y + long / steps * sin(radians(angle))))
        self.draw.line(path, fill=self.stem, width=max(2, round(long * 0.018 + depth)), joint="curve")
        for step in range(2, steps, 2 if depth < 3 else 3):
            self._leaf(path[step], angle + self.fork * (1 if step % 4 else -1) * 1.3, long * self.leaf[0])
        if depth == 0:
            self._tip(path[-1], angle, long)
            return
        for turn in (-1, 0, 1) if depth < 3 else (-1, 0.1, 1):
            spread = self.fork * turn + self.sheet.chance.uniform(-6, 6)
            self._branch(path[-1], angle + spread, long * self.sheet.chance.uniform(0.55, 0.76), depth - 1)

    def _leaf(self, foot: Spot, angle: float, long: float) -> None:
        """Two bows from stem to tip, and a rib."""
        wide = long * self.leaf[1]
        along, across = (cos(radians(angle)), sin(radians(angle))), (-sin(radians(angle)), cos(radians(angle)))
        steps = [step / 8 for step in range(9)]
        sides = [
            [self._at(foot, along, across, long * t, side * wide / 2 * sin(pi * t)) for t in steps] for side in (1, -1)
        ]
        color = mix(self.tint, self.stem, self.sheet.chance.uniform(0.1, 0.55))
        self.draw.polygon([*sides[0], *reversed(sides[1])], fill=color)
        rib = self._at(foot, along, across, long * 0.9, 0)
        self.draw.line(
            (*foot, *rib), fill=mix(color, self.sheet.palette.light, 0.35), width=max(1, round(self.sheet.unit))
        )

    def _tip(self, spot: Spot, angle: float, long: float) -> None:
        if not self.has_flowers:
            self._leaf(spot, angle, long * 0.5)
            return
        far = max(long * 0.34, self.sheet.unit * 9)
        for petal in range(self.petals):
            turn = 2 * pi * petal / self.petals
            center = (spot[0] + far * 0.62 * cos(turn), spot[1] + far * 0.62 * sin(turn))
            disc(self.draw, center, far * min(0.45, 2.4 / self.petals), self.flower)
        disc(self.draw, spot, far * 0.3, self.sheet.palette.light)
        disc(self.draw, spot, far * 0.18, self.sheet.palette.ground)

    @staticmethod
    def _at(foot: Spot, along: Spot, across: Spot, forth: float, aside: float) -> Spot:
        return foot[0] + along[0] * forth + across[0] * aside, foot[1] + along[1] * forth + across[1] * aside
