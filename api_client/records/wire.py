"""Small moves between the wire's nesting and flat records. Each leaves what it cannot read where it was."""

from decimal import ROUND_HALF_UP, Decimal

from pydantic import ValidationError

from api_client.records.base import MAX_WHOLE, JsonObject, Record

MICROS = 1_000_000


def part(wire: JsonObject, name: str) -> JsonObject:
    """A copy of the object under `name`; empty where there is none."""
    found = wire.get(name)
    return dict(found) if isinstance(found, dict) else {}


def lift(wire: JsonObject, path: str, **names: str) -> None:
    """Move the value at `path` + `inner` to the top for each `outer=inner`, unless the top has one already.

    `path` is the group's name, with dots for groups within groups. What is left of a group stays where it was.
    """
    steps = path.split(".")
    group = wire
    for step in steps:
        # Copied level by level: the caller's raw answer must stay as it was sent.
        copied = part(group, step)
        if not copied:
            return
        group[step] = copied
        group = copied
    for outer, inner in names.items():
        if inner in group and wire.get(outer) is None:
            wire[outer] = group.pop(inner)
    if not wire[steps[0]]:
        del wire[steps[0]]


def usd_to_micros(wire: JsonObject, usd: str, micros: str) -> None:
    """Turn the decimal dollars under `usd` into whole micro-dollars under `micros`, half a micro upwards.

    Takes JSON numbers and decimal strings (contract 2.7 has both).
    """
    amount = wire.get(usd)
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal | str):
        return
    try:
        exact = Decimal(amount)
    except ArithmeticError:
        return
    # Checked before it is scaled: an exponent of a million would build a million digits.
    if exact.is_finite() and abs(exact) <= MAX_WHOLE // MICROS:
        del wire[usd]
        wire[micros] = int((exact * MICROS).to_integral_value(ROUND_HALF_UP))


def rows(wire: JsonObject, name: str, kind: type[Record]) -> None:
    """Read each row of the list under `name` by itself; rows that cannot be read go to `malformed_<name>`."""
    raw_rows = wire.get(name)
    if not isinstance(raw_rows, list):
        return
    read, malformed = [], []
    for raw in raw_rows:
        try:
            read.append(kind.model_validate(raw))
        except ValidationError:
            malformed.append(raw)
    wire[name] = tuple(read)
    if malformed:
        wire[f"malformed_{name}"] = malformed
