"""Calendar months in UTC: of one month everybody in a workspace, wherever they live, sees the same figures."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

_WRITTEN = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})")


@dataclass(frozen=True, order=True)
class Month:
    """A month of the years 2000 to 2999, written "2026-11"; it holds `start` and does not hold `end` (UTC)."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        """Return the month that a moment lies in, held within the years that there are."""
        utc = moment.astimezone(UTC)
        return min(max(cls(utc.year, utc.month), cls(2000, 1)), cls(2999, 12))

    @classmethod
    def now(cls) -> "Month":
        return cls.of(timezone.now())

    @classmethod
    def parse(cls, text: str) -> "Month | None":
        """Return the month that is written; None where none is."""
        found = _WRITTEN.fullmatch(text)
        month = cls(int(found["year"]), int(found["month"])) if found else None
        return month if month and 2000 <= month.year <= 2999 and 1 <= month.month <= 12 else None

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.shifted(1).start

    @property
    def label(self) -> str:
        return f"{self.start:%B %Y}"

    def shifted(self, months: int) -> "Month":
        years, month = divmod(self.month - 1 + months, 12)
        return Month(self.year + years, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
