"""Refunds and disputes against a receipt: recorded once, followed to their end, never more than was granted."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Sum

from sandbox import changes, ledger
from sandbox.errors import ApiError, invalid
from sandbox.ids import new_id
from sandbox.models import BookEntry, Receipt, Reversal
from sandbox.models.identity import ClaimState
from sandbox.models.money import EntryKind, Purse
from sandbox.models.operator import ChangeKind
from sandbox.models.payments import ReversalState
from sandbox.payments import gateway, lines
from sandbox.payments.gateway import Outflow
from sandbox.rules.reversals import Step, steps

_STATE_AFTER = {
    Step.NOTE: ReversalState.PENDING,
    Step.DEBIT: ReversalState.APPLIED,
    Step.GIVE_BACK: ReversalState.REINSTATED,
    Step.REJECT: ReversalState.REJECTED,
}


def apply(receipt: Receipt, outflows: Iterable[Outflow], now: datetime) -> None:
    """Takes every refund and dispute one step or more further. The agent must be locked.

    A refund of spent credits makes the paid purse negative: the next purchase fills it first, and free credits are
    not touched.
    """
    for outflow in outflows:
        known = Reversal.objects.filter(provider_id=outflow.provider_id).first()
        todo = steps(known.state if known else None, outflow.status)
        if not todo:
            continue
        reversal = known or Reversal(
            id=new_id("reversal"),
            receipt=receipt,
            kind=outflow.kind,
            provider_id=outflow.provider_id,
            amount_cents=outflow.amount_cents,
            created_at=now,
        )
        reversal.receipt, reversal.provider_status = receipt, outflow.status
        for step in todo:
            _take(reversal, step, now)
    _unback(receipt)


def left(receipt: Receipt) -> int:
    """Credits of the receipt that no reversal has taken."""
    taken = receipt.reversals.filter(state=ReversalState.APPLIED).aggregate(total=Sum("credits"))["total"]
    return receipt.credits - (taken or 0)


def receipt_refund(receipt: Receipt, *, amount_cents: int | None, key: str) -> None:
    """Asks the provider for a refund; its effect comes with the next settling. Raises INVALID_ARGUMENTS."""
    if not receipt.is_live_money:
        raise ApiError("REVERSAL_REFUSED", "The test settlement took no money that could be paid back.")
    if amount_cents is not None and not 1 <= amount_cents <= receipt.amount_cents:
        raise invalid("amount_cents must be within the receipt's amount.")
    gateway.refund(receipt.attempt, amount_cents=amount_cents, key=key)


def _take(reversal: Reversal, step: Step, now: datetime) -> None:
    delta = 0
    if step is Step.DEBIT:
        reversal.credits = min(reversal.amount_cents, left(reversal.receipt))
        # Nothing is left that could be taken: another reversal has it all.
        step = step if reversal.credits else Step.REJECT
        delta = -reversal.credits
    elif step is Step.GIVE_BACK and reversal.state == ReversalState.APPLIED:
        delta = reversal.credits
    elif step is Step.GIVE_BACK:
        return
    reversal.state, reversal.updated_at = _STATE_AFTER[step], now
    reversal.save()
    changes.note(reversal.receipt.agent, ChangeKind.PAYMENT, reversal.receipt.attempt_id)
    if delta:
        mark = "" if delta < 0 else ":back"
        BookEntry.objects.create(
            agent=reversal.receipt.agent,
            purse=Purse.PAID,
            kind=EntryKind.REVERSAL,
            credits=delta,
            reference=f"{reversal.id}{mark}",
            created_at=now,
        )
    ledger.record(reversal.receipt.agent, [lines.reversed_step(reversal, step, delta, now)])


def _unback(receipt: Receipt) -> None:
    """An agent whose every payment was taken back is no longer backed by one."""
    agent = receipt.agent
    if agent.claim_state == ClaimState.PAYMENT_BACKED and not any(
        left(each) for each in agent.receipts.filter(is_live_money=True)
    ):
        agent.claim_state = ClaimState.UNCLAIMED
        agent.save(update_fields=["claim_state"])
