"""How alike two clusters are, and which are worth comparing. Pure, but for the well-kept library that compares texts.

    score = (70 title + 10 command + 12 error code + 8 surface) / the weights of what both of them name

Title is the likeness of its sorted words in percent; the others are 100 or 0. The same dedupe key is 100 by itself.
Only clusters that share one of a few rare keys are compared: words of the title, error code, command or dedupe key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz import fuzz, process

from dashboard.lib.credentials import REMOVED

ALIKE_FROM = 80
TITLE_FROM = 60
WEIGHTS = {"command": 10, "error code": 12, "surface": 8}
TITLE_WEIGHT = 70
# Of each of so many rarest keys, so many of its oldest and newest: a key that everybody has tells nothing.
KEYS_LOOKED_AT, OLDEST, NEWEST = 4, 20, 60
Key = tuple[str, str]


class Facts(NamedTuple):
    """What is compared of a cluster; `title` is in sorted plain words."""

    title: str
    command: str
    error_code: str
    surfaces: frozenset[str]
    dedupe: frozenset[str]


class Likeness(NamedTuple):
    """Which cluster is like, how much (of 100), and why in words."""

    cluster: int
    score: int
    reasons: list[str]


def facts_of(title: str, keys: Iterable[Key]) -> Facts:
    """Return what is compared, from a title and the (name, value) pairs by which the cluster is found."""
    named: dict[str, set[str]] = {}
    for name, value in keys:
        named.setdefault(name, set()).add(value)

    def one(name: str) -> str:
        return min(named.get(name, {""}))

    # Two titles of which only a secret was cut out have nothing in common.
    words = " ".join(sorted(title.casefold().replace(REMOVED, " ").split()))
    surfaces, dedupe = (frozenset(named.get(name, ())) for name in ("surface", "dedupe"))
    return Facts(words, one("command"), one("error_code"), surfaces, dedupe)


def rarest(keys: Iterable[Key], count: Callable[[Key], int]) -> list[Key]:
    """Return the few keys that tell most, of those that anybody else has."""
    counted = sorted((n, key) for key in keys if key[0] != "agent" and key[0] != "surface" and (n := count(key)) > 0)
    return [key for _, key in counted[:KEYS_LOOKED_AT]]


def both_ends(numbers: Sequence[int]) -> Sequence[int]:
    """Return the oldest and the newest of a key's clusters, in their order."""
    return numbers if len(numbers) <= OLDEST + NEWEST else [*numbers[:OLDEST], *numbers[-NEWEST:]]


def likest(facts: Facts, others: Mapping[int, Facts]) -> Likeness | None:
    """Return the cluster that is most alike, the oldest of several; None where none is alike enough."""
    same_key = [number for number, other in others.items() if facts.dedupe & other.dedupe]
    if same_key:
        return Likeness(min(same_key), 100, ["same dedupe key"])
    titles = {number: other.title for number, other in others.items() if other.title}
    if not facts.title or not titles:
        return None
    near = process.extract(facts.title, titles, scorer=fuzz.ratio, score_cutoff=TITLE_FROM, limit=20)
    scored = [_scored(facts, others[number], ratio, number) for _, ratio, number in near]
    best = max(scored, key=lambda one: (one.score, -one.cluster), default=None)
    return best if best and best.score >= ALIKE_FROM else None


def _scored(facts: Facts, other: Facts, ratio: float, number: int) -> Likeness:
    said = {
        "command": (facts.command, other.command, facts.command == other.command),
        "error code": (facts.error_code, other.error_code, facts.error_code == other.error_code),
        "surface": (facts.surfaces, other.surfaces, bool(facts.surfaces & other.surfaces)),
    }
    told = {name: is_same for name, (mine, theirs, is_same) in said.items() if mine and theirs}
    total = TITLE_WEIGHT + sum(WEIGHTS[name] for name in told)
    reached = TITLE_WEIGHT * ratio / 100 + sum(WEIGHTS[name] for name, is_same in told.items() if is_same)
    reasons = [f"title {ratio:.0f} %", *(f"same {name}" for name, is_same in told.items() if is_same)]
    return Likeness(number, round(100 * reached / total), reasons)
