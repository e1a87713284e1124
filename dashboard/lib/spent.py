"""What was spent, as far as the ledger tells: how many credits a charge took is no promise of it (contract 11)."""

from typing import NamedTuple

# Lines of this type alone are charges (contract 3.11).
CHARGE = "usage.credit_consumed"


class Spent(NamedTuple):
    """Credits spent as far as they are told, and how many charges do not tell theirs."""

    credits: int = 0
    untold: int = 0

    @property
    def told(self) -> int | None:
        """The credits, which are the least that was spent where charges are untold; None where nothing else is."""
        return self.credits if self.credits or not self.untold else None
