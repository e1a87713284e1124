"""Rows of lists about money, as plain values: all that a list shows of them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from dashboard.agents.models import shown_name
from dashboard.credits.models import Purchase


class ReceiptLine(NamedTuple):
    """A receipt with what was taken back of it (`dashboard.credits.receipt_figures`); cents are of `currency`."""

    pk: int
    key: UUID
    issued_at: datetime
    credits: int
    amount_cents: int
    currency: str
    live_money: bool
    agent__remote_id: str
    agent__name: str
    purchase__origin: str
    opened_by__name: str | None
    opened_by__email: str | None
    back_cents: int
    last_step: str | None

    @property
    def agent_name(self) -> str:
        return shown_name(self.agent__name, self.agent__remote_id)

    @property
    def opener(self) -> str:
        """Return who opened its purchase here; empty for the agent itself and for somebody who left."""
        return self.opened_by__name or self.opened_by__email or ""


class AskedLine(NamedTuple):
    """A purchase that an agent asked for, and when each of its lights was lit."""

    pk: int
    key: UUID
    opened_at: datetime
    credits: int | None
    price_cents: int | None
    state: str
    paid_at: datetime | None
    settled_at: datetime | None
    granted_at: datetime | None
    balance_moved_at: datetime | None
    agent__remote_id: str
    agent__name: str

    @property
    def agent_name(self) -> str:
        return shown_name(self.agent__name, self.agent__remote_id)

    @property
    def is_under_way(self) -> bool:
        return self.state in Purchase.UNDER_WAY


class PurchaseLine(NamedTuple):
    """A purchase; `price_cents` are US cents, `credits` whole credits, None what nobody told yet."""

    pk: int
    key: UUID
    opened_at: datetime
    credits: int | None
    price_cents: int | None
    live_money: bool | None
    state: str
    origin: str
    agent__remote_id: str
    agent__name: str
    opened_by__name: str | None
    opened_by__email: str | None

    @property
    def agent_name(self) -> str:
        return shown_name(self.agent__name, self.agent__remote_id)

    @property
    def opener(self) -> str:
        """Return who opened it here; empty for the agent itself and for somebody who left."""
        return self.opened_by__name or self.opened_by__email or ""
