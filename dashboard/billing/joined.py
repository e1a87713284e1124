"""One payment with everything that each side tells of it, as plain values: what the rules look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Outflow:
    """A refund or dispute at Stripe. `is_known`: ordered or adopted here; `is_told`: the service tells of it too."""

    id: str
    kind: str
    amount_cents: int
    created_at: datetime
    has_taken: bool
    is_known: bool
    is_told: bool


@dataclass(frozen=True)
class Joined:
    """A payment and its sides. Cents and whole credits; None: that side does not tell.

    `stripe_state` is empty where Stripe has no such payment. `ledger_as_of` is up to when the ledger of this agent was
    read; None where it is not visible here. `granted` holds the credits of each grant, `taken` what reversals hold now.
    """

    chain_id: int
    agent_remote_id: str
    agent_name: str
    opened_at: datetime
    is_money: bool
    # Stripe
    stripe_state: str
    stripe_cents: int | None
    stripe_currency: str
    paid_at: datetime | None
    outflows: tuple[Outflow, ...]
    # The order: the service's own payment, else our purchase of it
    has_order: bool
    order_state: str
    order_cents: int | None
    order_credits: int | None
    order_currency: str
    receipt_id: str
    issued_at: datetime | None
    expires_at: datetime | None
    moved_at: datetime | None
    # The ledger
    ledger_as_of: datetime | None
    granted: tuple[int, ...]
    granted_at: datetime | None
    taken: int
    taken_at: datetime | None

    @property
    def is_paid(self) -> bool:
        return self.stripe_state == "paid"

    @property
    def back_cents(self) -> int:
        """Cents that refunds and disputes have taken from the payment at Stripe, at most all of it."""
        return min(sum(one.amount_cents for one in self.outflows if one.has_taken), self.stripe_cents or 0)


@dataclass(frozen=True)
class Circumstances:
    """What holds for the whole sweep; moments UTC. `stripe_as_of` None: Stripe's past is not read to its end."""

    now: datetime
    stripe_as_of: datetime | None
    grace: timedelta
    stuck: timedelta


@dataclass(frozen=True)
class Difference:
    """What a rule found: the sentence without age and name, both sides' figures, and since when it is so."""

    kind: str
    subject: str
    sentence: str
    figures: dict[str, int | str | None]
    since: datetime
    chain_id: int | None = None
    line_id: int | None = None
    agent_remote_id: str = ""
    agent_name: str = ""
