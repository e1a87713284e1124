"""How large a run is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """`events` in the large ledger, `few` in the small one; rounds of `seconds` each; the rest says itself."""

    events: int
    few: int
    rounds: int
    seconds: float
    ingested: int
    requests: int
    idle_seconds: int
    tail_seconds: int


SIZES = {
    "quick": Size(
        50_000, 10_000, rounds=2, seconds=0.5, ingested=4_000, requests=2_000, idle_seconds=10, tail_seconds=3
    ),
    "default": Size(
        1_000_000, 10_000, rounds=5, seconds=1.5, ingested=20_000, requests=20_000, idle_seconds=30, tail_seconds=20
    ),
    "full": Size(
        5_000_000, 10_000, rounds=7, seconds=3.0, ingested=100_000, requests=100_000, idle_seconds=60, tail_seconds=60
    ),
}
