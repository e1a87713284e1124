"""Palettes: a dark ground, four colours that climb towards the light, an accent that belongs to none, a paper."""

from dataclasses import dataclass

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """`climb` runs from the ground through four colours to the light."""

    ground: Color
    colors: tuple[Color, Color, Color, Color]
    accent: Color
    light: Color

    @property
    def climb(self) -> tuple[Color, ...]:
        """Six stops, dark to light."""
        return (self.ground, *self.colors, self.light)

    @property
    def bright(self) -> tuple[Color, ...]:
        """Everything that stands out on the ground."""
        return (*self.colors[1:], self.accent, self.light)


def mix(one: Color, other: Color, share: float) -> Color:
    """`share` 0 is the one, 1 is the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def along(stops: tuple[Color, ...], place: float) -> Color:
    """The colour at `place`, 0 to 1, on a line of stops."""
    spot = min(max(place, 0.0), 1.0) * (len(stops) - 1)
    index = min(int(spot), len(stops) - 2)
    return mix(stops[index], stops[index + 1], spot - index)


def _color(text: str) -> Color:
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)


def _palette(text: str) -> Palette:
    ground, one, two, three, four, accent, light = (_color(word) for word in text.split())
    return Palette(ground, (one, two, three, four), accent, light)


DUSK = _palette("1b1230 3b1c5a 8a2f6b e0567a f79b6b ffd166 fff1da")
OCEAN = _palette("06202e 0b4a5e 1b7f8c 5fc0b5 bfe8d4 ff8a5b f2fbf6")
FOREST = _palette("0e1f1a 1f4a3a 3f7d57 8fb26a e3cf7a d9663b f7f3e0")
EMBER = _palette("1d0d10 5a1a22 a8321f e8672c f9b24a 2f8f9d fff3df")
LILAC = _palette("1a1633 4a3f8f 7f6fd0 b9a6ec f0c9e0 ff8fa3 faf2fb")
NORDIC = _palette("14212e 2f4b66 5b86a8 a6c6d8 dfe6e2 e07a5f f6f4ee")
CANDY = _palette("2b1240 5b3df5 ff5d8f ffb13d 3ddbc4 fff07a fff6ea")
SCHOOL = _palette("1f1f24 1f4e8c d6402b e8b53a 7fa99b 101014 f4ecdc")
TERRACOTTA = _palette("2a1712 7a3524 b5563a dd8f62 efc7a0 3f7d78 faeee0")
MIDNIGHT = _palette("050816 10204a 23408a 4f7bd6 a9c6ff ffd27d eef3ff")
ROSE = _palette("2a0f1f 6d1f4a b83f6f e8839b f6c7c0 f2a65a fff4ef")
TEAL = _palette("071a1f 0f3d46 14746f 5bb89c c5e8b7 f4a259 f5faef")
SAND = _palette("2d2016 6b4a2f b07f4c dcb076 f0d9ae c8553d fbf5e6")
