"""What was measured, judged by its bound, as a table and as JSON."""

import json
import operator
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JUDGES = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Figure:
    """One figure. What the bound judges is `ratio`, value to baseline, where there is a baseline, else `value`."""

    name: str
    db: str
    value: float
    unit: str
    bound: tuple[str, float]
    baseline: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.baseline if self.baseline else None

    @property
    def is_ok(self) -> bool:
        way, limit = self.bound
        judged = self.value if self.ratio is None else self.ratio
        return bool(JUDGES[way](judged, limit))

    def row(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "db": self.db,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": self.baseline and round(self.baseline, 3),
            "ratio": self.ratio and round(self.ratio, 3),
            "bound": list(self.bound),
            "ok": self.is_ok,
        }


def save(figures: Iterable[Figure], path: Path) -> None:
    """Write what was measured; what an earlier run measured of other figures or databases stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {(row["name"], row["db"]): row for row in (json.loads(path.read_text()) if path.exists() else [])}
    kept |= {(figure.name, figure.db): figure.row() for figure in figures}
    path.write_text(json.dumps(list(kept.values()), indent=1) + "\n")


def table(figures: Iterable[Figure]) -> str:
    """One line a figure."""
    lines = [f"{'figure':<32} {'database':<11} {'value':>18} {'baseline':>10} {'ratio':>8} {'bound':>10}"]
    for one in figures:
        value, bound = f"{one.value:,.2f} {one.unit}", f"{one.bound[0]} {one.bound[1]:g}"
        baseline, ratio = ("" if number is None else f"{number:,.2f}" for number in (one.baseline, one.ratio))
        line = f"{one.name:<32} {one.db:<11} {value:>18} {baseline:>10} {ratio:>8} {bound:>10}"
        lines.append(line if one.is_ok else f"{line}  MISSED")
    return "\n".join(lines)
