"""What a word of ours is made of: its text, its icon and its tone."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """The status hues of the stylesheet (`.tone-*`)."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Word:
    """What a raw value is called: its text, its icon (a name of `assets/icons.json`) and its tone."""

    text: str
    icon: str
    tone: Tone = Tone.NEUTRAL
