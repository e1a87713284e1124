"""What a job took, as the ledger's lines tell it, and who paid: free credits or which purchase, by our allocation."""

from collections.abc import Sequence

from django.db.models import Q

from dashboard.accounts.models import Workspace
from dashboard.activity.filter import EventFilter, event_list
from dashboard.activity.models import Event
from dashboard.activity.rollups import SPENT
from dashboard.agents.models import Claim
from dashboard.credits.balance_selectors import interval_at
from dashboard.credits.funding import Payer, payers_of

MOST_CHARGES = 20


def charge_list(workspace: Workspace, job_id: str) -> list[Event]:
    """Return the lines that say that a job was charged, oldest first, those that do not say how much, too."""
    # Found by the index of what is named; a line of another job may name this one too.
    named = event_list(workspace, EventFilter(reference=job_id)).filter(job_id=job_id)
    charges = named.filter(Q(credits_delta__lt=0) | Q(type=SPENT, credits_delta=None))
    return list(charges.order_by("occurred_at", "pk")[:MOST_CHARGES])


def charge_payers(claim: Claim | None, charges: Sequence[Event]) -> list[Payer] | None:
    """Return who paid for charges; None where the workspace has no reading of the balance around them all."""
    if claim is None or not charges or charges[0].occurred_at < claim.claimed_at:
        return None
    interval = interval_at(claim, charges[0].occurred_at)
    if interval is None or charges[-1].occurred_at > interval.end.at:
        return None
    return payers_of(claim, interval, [charge for charge in charges if charge.credits_delta])
