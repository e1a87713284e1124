"""A short piece of music as a WAV file: a slow bass, chords and a melody in one scale."""

import io
import wave
from array import array
from math import pi, sin

from sandbox.renderer.artifact import Artifact
from sandbox.renderer.picture import Spec

RATE = 22_050
SECONDS = 8
_BEAT = RATE // 2
_SCALES = ((0, 2, 4, 7, 9), (0, 3, 5, 7, 10), (0, 2, 3, 7, 8))
_CYCLE = [sin(2 * pi * step / 2048) * 0.8 + sin(4 * pi * step / 2048) * 0.2 for step in range(2048)]


def play(spec: Spec) -> Artifact:
    """Mono, 16 bit, `SECONDS` long; everything follows from the spec's luck."""
    chance = spec.chance()
    scale, root = chance.choice(_SCALES), chance.uniform(98, 165)
    track = [0.0] * (RATE * SECONDS)
    beats = len(track) // _BEAT

    def note(beat: int, length: int, step: int, loud: float) -> None:
        octave, degree = divmod(step, len(scale))
        pitch = root * 2 ** (octave + scale[degree] / 12)
        _add(track, beat * _BEAT, min(length * _BEAT, len(track) - beat * _BEAT), pitch, loud)

    for beat in range(0, beats, 4):
        chord = chance.choice((0, 1, 3))
        note(beat, 4, chord - len(scale), 0.3)
        for step in (chord, chord + 2, chord + 4):
            note(beat, 4, step, 0.12)
    place = len(scale)
    for beat in range(beats):
        place = min(max(place + chance.choice((-2, -1, 0, 1, 2)), len(scale) - 2), 3 * len(scale) - 1)
        note(beat, chance.choice((1, 1, 2)), place, 0.22)
    return Artifact(_wav(track), "audio/wav", "wav")


def _add(track: list[float], start: int, length: int, pitch: float, loud: float) -> None:
    """One note with a soft start that dies away, so that nothing clicks."""
    step, phase = pitch * 2048 / RATE, 0.0
    attack = RATE // 50
    for offset in range(length):
        swell = min(1.0, offset / attack) * (1 - offset / length) ** 1.5
        track[start + offset] += _CYCLE[int(phase) & 2047] * loud * swell
        phase += step


def _wav(track: list[float]) -> bytes:
    loudest = max(map(abs, track)) or 1.0
    samples = array("h", (round(value / loudest * 30_000) for value in track))
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return target.getvalue()
