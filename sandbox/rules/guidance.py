"""How useful a feedback report is, and what would make it better (contract 2.23). Weak ones are accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_HINTS = {
    "expected": "Say what you expected.",
    "actual": "Say what happened instead.",
    "command": "Name the command that you ran.",
    "evidence": "Attach evidence, for example trace:TRACE_ID.",
    "body": "Describe it in at least 40 characters.",
    "title": "Give it a title of its own.",
}


@dataclass(frozen=True)
class Quality:
    """`score` counts from 0 to 100; `missing` names the fields that would raise it."""

    score: int
    missing: tuple[str, ...]

    @property
    def is_weak(self) -> bool:
        """Fewer than half of the useful fields are there."""
        return self.score < 50

    def row(self) -> dict[str, Any]:
        """On the wire and in the database (INF)."""
        return {
            "score": self.score,
            "signal": "weak" if self.is_weak else "actionable",
            "missing": list(self.missing),
            "guidance": [_HINTS[name] for name in self.missing],
        }


def judge(report: Mapping[str, Any]) -> Quality:
    """Each useful field weighs the same."""
    has = {name: bool(report.get(name)) for name in _HINTS}
    has["body"] = len(str(report.get("body") or "")) >= 40
    missing = tuple(name for name, is_there in has.items() if not is_there)
    return Quality(100 * (len(has) - len(missing)) // len(has), missing)
