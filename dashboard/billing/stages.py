"""What the sides of a chain come to: its stage, its lights, whose it is. Kept on the chain whenever a side changes."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from dashboard.billing.models import Chain, LedgerLine, StripePayment
from dashboard.credits.apply import GRANTED
from dashboard.credits.machine import UNPAID_ENDS
from dashboard.credits.models import Purchase
from dashboard.credits.settle import payment_seen
from dashboard.credits.terms import FAKE_METHOD

Stage = Chain.Stage
_DERIVED = ("stage", "is_money", "granted_at", "opened_at", "workspace", "agent_remote_id")
_UNPAID_STRIPE = (StripePayment.State.EXPIRED, StripePayment.State.CANCELED, StripePayment.State.FAILED)
_UNPAID_HOSTED = ("expired", "failed", "canceled")


def chain_rows() -> QuerySet[Chain]:
    """Return chains with their sides loaded."""
    return Chain.objects.select_related(
        "stripe_payment__payout", "hosted_payment", "purchase__agent", "purchase__workspace", "workspace"
    )


def chains_refresh(chains: Sequence[Chain]) -> None:
    """Give chains the ledger lines that were read before them, and work out anew what their sides come to.

    A purchase that Stripe took the money for has its first light from Stripe now.
    """
    _lines_find(chains)
    keys = [chain.pk for chain in chains]
    granted = _granted(keys)
    changed = []
    for chain in chain_rows().filter(pk__in=keys):
        before = [getattr(chain, name) for name in _DERIVED]
        _derive(chain, granted.get(chain.pk))
        if [getattr(chain, name) for name in _DERIVED] != before:
            changed.append(chain)
        payment, purchase = chain.stripe_payment, chain.purchase
        if purchase and payment and payment.is_paid:
            payment_seen(purchase=purchase, at=payment.paid_at or payment.created_at)
    Chain.objects.bulk_update(changed, _DERIVED)


def stage_of(chain: Chain) -> Chain.Stage:
    """Return the stage that the loaded sides of a chain, and its `granted_at`, come to."""
    payment, hosted, purchase = chain.stripe_payment, chain.hosted_payment, chain.purchase
    if (payment and (payment.refunded_cents or payment.is_disputed)) or (hosted and hosted.credits_reversed):
        return Stage.REVERSED
    if chain.granted_at or (hosted and hosted.receipt_id) or (purchase and purchase.state == Purchase.State.SUCCEEDED):
        return Stage.DONE
    if (payment and payment.is_paid) or (purchase and purchase.paid_at):
        return Stage.PAID
    ends = [
        payment.state in _UNPAID_STRIPE if payment else None,
        hosted.status in _UNPAID_HOSTED if hosted else None,
        purchase.state in UNPAID_ENDS if purchase else None,
    ]
    return Stage.UNPAID if True in ends and False not in ends else Stage.UNDER_WAY


def is_money(chain: Chain) -> bool:
    """Tell whether money moves: the old test settlement is none, whoever says so."""
    hosted, purchase = chain.hosted_payment, chain.purchase
    told = [side.live_money for side in (hosted, purchase) if side]
    return False not in told and FAKE_METHOD not in [side.payment_method for side in (hosted, purchase) if side]


def _lines_find(chains: Sequence[Chain]) -> None:
    by_receipt = {chain.receipt_id: chain.pk for chain in chains if chain.receipt_id}
    by_quote = {chain.quote_id: chain.pk for chain in chains if chain.quote_id}
    wanted = Q(receipt_id__in=by_receipt) & ~Q(receipt_id="")
    wanted |= Q(quote_id__in=by_quote) & ~Q(quote_id="")
    found = list(LedgerLine.objects.filter(wanted, chain=None)) if by_receipt or by_quote else []
    for line in found:
        line.chain_id = by_receipt.get(line.receipt_id) or by_quote.get(line.quote_id)
    LedgerLine.objects.bulk_update(found, ["chain"])


def _granted(keys: Sequence[int]) -> dict[int | None, datetime]:
    lines = LedgerLine.objects.filter(chain__in=keys, type=GRANTED).order_by("-occurred_at")
    return dict(lines.values_list("chain_id", "occurred_at"))


def _derive(chain: Chain, granted_at: datetime | None) -> None:
    hosted, purchase, payment = chain.hosted_payment, chain.purchase, chain.stripe_payment
    chain.granted_at = granted_at or (purchase.granted_at if purchase else None)
    chain.stage, chain.is_money = stage_of(chain), is_money(chain)
    chain.workspace = purchase.workspace if purchase else None
    told = (purchase.agent if purchase else None, hosted, payment)
    names = [getattr(one, "remote_id", "") or getattr(one, "agent_remote_id", "") for one in told if one]
    chain.agent_remote_id = next((name for name in names if name), "")
    chain.opened_at = min(_opened(chain), default=chain.opened_at)


def _opened(chain: Chain) -> Iterator[datetime]:
    if chain.purchase:
        yield chain.purchase.opened_at
    for row in (chain.hosted_payment, chain.stripe_payment):
        if row:
            yield row.created_at
