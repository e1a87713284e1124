"""Everything about one receipt: its paper, how it came about, and what became of it since."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.activity.selectors import EventLine, event_lines
from dashboard.credits.apply import CHECKOUT_OPENED, GRANTED
from dashboard.credits.buyer import BuyerBook
from dashboard.credits.models import Receipt, Reversal
from dashboard.credits.paper import Paper, receipt_paper
from dashboard.credits.selectors import receipt_get, reversal_list

# The ledger tells of a checkout and its grant at the time; clocks differ a little.
CLOCKS_DIFFER = timedelta(hours=1)
MOST_EVENTS = 50

ADVICE = {
    Reversal.Kind.PENDING: "A refund or dispute was announced. Nothing was debited yet, and there is nothing to do.",
    Reversal.Kind.REFUNDED: (
        "The credits of the refund were debited. If they had been spent, the next purchase fills what is missing. "
        "The money comes back the way it was paid; where it does not, or nobody asked for it, tell billing."
    ),
    Reversal.Kind.DISPUTED: (
        "The payment was disputed at the bank, and its credits were debited. If nobody of you did that, or it is "
        "settled, ask the bank to withdraw it and tell billing."
    ),
    Reversal.Kind.REINSTATED: "The payment stands again, and its credits were given back. There is nothing to do.",
    Reversal.Kind.REJECTED: "It could not be applied: nothing was debited. If you wait for it, tell billing.",
}


@dataclass(frozen=True)
class ReceiptDetail:
    """`events` are the ledger's, oldest first; `steps` are refunds and disputes among them; `advice`: what to do."""

    receipt: Receipt
    paper: Paper
    steps: list[Reversal]
    events: list[EventLine]

    @property
    def last_step(self) -> Reversal | None:
        return self.steps[-1] if self.steps else None

    @property
    def advice(self) -> str:
        return ADVICE[Reversal.Kind(self.last_step.kind)] if self.last_step else ""

    @property
    def debited_credits(self) -> int:
        """Credits that refunds and disputes took and that were not given back."""
        return -sum(step.credits_delta or 0 for step in self.steps)


def receipt_detail_get(workspace: Workspace, key: UUID) -> ReceiptDetail:
    """Return a receipt with all that belongs to it; raises Http404 alike for "not yours" and "not there"."""
    receipt = receipt_get(workspace, key)
    steps = reversal_list(receipt.purchase)
    paper = receipt_paper(receipt, steps=steps, buyer=BuyerBook(workspace).at(receipt.issued_at))
    return ReceiptDetail(receipt, paper, steps, _events(receipt))


def _events(receipt: Receipt) -> list[EventLine]:
    """Return the ledger's lines about a receipt: those of its time that name it, and those of its reversals."""
    purchase = receipt.purchase
    named = {"quote_id": purchase.quote_id, "payment_attempt_id": purchase.payment_attempt_id}
    named["receipt_id"] = receipt.remote_id
    about = Q()
    for name, value in named.items():
        about |= Q(**{f"links__{name}": value}) if value else Q()
    within = Q(
        about,
        type__in=(CHECKOUT_OPENED, GRANTED),
        occurred_at__gte=purchase.opened_at - CLOCKS_DIFFER,
        occurred_at__lte=receipt.issued_at + CLOCKS_DIFFER,
    )
    lines = Event.objects.filter(workspace=receipt.workspace_id, agent=receipt.agent_id)
    found = event_lines(lines.filter(within | Q(reversal__purchase=purchase)))
    return list(found.order_by("occurred_at", "pk")[:MOST_EVENTS])
