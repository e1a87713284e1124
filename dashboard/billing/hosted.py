"""The service's payments and ledger lines -> rows, of whichever agent. Runs inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from api_client import ActivityEvent, JsonObject, OperatorPayment
from dashboard.activity.models import Event
from dashboard.billing.chains import chains_link
from dashboard.billing.models import Chain, HostedPayment, HostedReversal, LedgerLine
from dashboard.billing.stages import chains_refresh
from dashboard.credits.apply import CHECKOUT_OPENED, GRANTED, REVERSALS
from dashboard.lib.dates import showable
from dashboard.lib.spent import CHARGE

CHARGED, JOB_ENDED = CHARGE, "job.completed"
MONEY_TYPES = frozenset({CHECKOUT_OPENED, GRANTED, *REVERSALS, CHARGED})
_LINKS = ("quote_id", "payment_attempt_id", "checkout_session_id", "receipt_id", "credit_event_id")
_MAX_ID = 200
_MOST_CENTS = 2**53
_UPDATED = [
    *("agent_remote_id", "organization_id", "quote_id", "pack_id", "payment_method", "live_money", "status"),
    *("credits", "amount_cents", "currency", "checkout_session_id", "payment_intent_id", "trace_id", "created_at"),
    *("updated_at", "expires_at", "receipt_id", "credit_event_id", "receipt_credits", "receipt_cents"),
    *("credits_reversed", "issued_at", "fetched_at"),
]


def payments_apply(payments: Sequence[OperatorPayment], *, at: datetime) -> int:
    """Write payments as the service had them at `at` (UTC), with their reversals; returns how many changed.

    What the service itself had updated later is not overwritten by an older answer.
    """
    told = {payment.payment_attempt_id: payment for payment in payments}
    known = HostedPayment.objects.select_for_update().filter(payment_attempt_id__in=told).order_by("pk")
    newer = {row.payment_attempt_id for row in known if row.updated_at > _updated(told[row.payment_attempt_id], at)}
    rows = [_payment_row(one, at) for key, one in told.items() if key not in newer]
    HostedPayment.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["payment_attempt_id"], update_fields=_UPDATED
    )
    saved = {row.payment_attempt_id: row for row in HostedPayment.objects.filter(payment_attempt_id__in=told)}
    _reversals_write([one for key, one in told.items() if key not in newer], saved)
    chains_link("hosted_payment", [saved[row.payment_attempt_id] for row in rows])
    return len(rows)


def lines_write(lines: Iterable[LedgerLine]) -> int:
    """Append ledger lines that are new to us, and put them into their chains; returns how many were sent."""
    wanted = list(lines)
    LedgerLine.objects.bulk_create(wanted, ignore_conflicts=True)
    receipts = {line.receipt_id for line in wanted if line.receipt_id}
    quotes = {line.quote_id for line in wanted if line.quote_id}
    if receipts or quotes:
        by_receipt = Chain.objects.filter(receipt_id__in=receipts).exclude(receipt_id="")
        by_quote = Chain.objects.filter(quote_id__in=quotes).exclude(quote_id="")
        chains_refresh(list({chain.pk: chain for chain in (*by_quote, *by_receipt)}.values()))
    return len(wanted)


def is_wanted(event_type: str, status: str) -> bool:
    """Tell whether a ledger event is about money: charges, grants and reversals, and jobs that failed."""
    return event_type in MONEY_TYPES or (event_type == JOB_ENDED and status == "failed")


def line_from(event: ActivityEvent | Event, *, agent_remote_id: str, event_id: str) -> LedgerLine:
    """Return a ledger event as a line, whether the operator extension told it or our mirror has it."""
    links, details = event.links, event.details
    amount, live_money = details.get("amount_cents"), details.get("live_money")
    return LedgerLine(
        agent_remote_id=agent_remote_id,
        event_id=event_id,
        type=event.type,
        status=(event.status or "")[:64],
        occurred_at=showable(event.occurred_at),
        credits_delta=event.credits_delta,
        amount_cents=amount if type(amount) is int and 0 <= amount <= _MOST_CENTS else None,
        live_money=live_money if isinstance(live_money, bool) else None,
        job_id=(event.job_id or "")[:_MAX_ID],
        trace_id=(event.trace_id or "")[:_MAX_ID],
        payment_reversal_id=_word(links, "payment_reversal_id"),
        **{name: _word(links, name) for name in _LINKS},
    )


def _word(links: JsonObject, name: str) -> str:
    told = links.get(name)
    return told if isinstance(told, str) and len(told) <= _MAX_ID else ""


def _updated(payment: OperatorPayment, at: datetime) -> datetime:
    return showable(payment.updated_at or payment.created_at or at)


def _payment_row(payment: OperatorPayment, at: datetime) -> HostedPayment:
    receipt = payment.receipt
    return HostedPayment(
        payment_attempt_id=payment.payment_attempt_id[:_MAX_ID],
        agent_remote_id=payment.agent_id[:_MAX_ID],
        organization_id=payment.organization_id[:_MAX_ID],
        quote_id=payment.quote_id[:_MAX_ID],
        pack_id=payment.pack_id or "",
        payment_method=payment.payment_method or "",
        live_money=payment.live_money,
        status=payment.status,
        credits=payment.credits,
        amount_cents=payment.amount_cents,
        currency=payment.currency[:8].upper(),
        checkout_session_id=payment.checkout_session_id or "",
        payment_intent_id=payment.payment_intent_id or "",
        trace_id=payment.trace_id or "",
        created_at=showable(payment.created_at or at),
        updated_at=_updated(payment, at),
        expires_at=showable(payment.expires_at) if payment.expires_at else None,
        receipt_id=receipt.receipt_id if receipt else "",
        credit_event_id=(receipt.credit_event_id or "") if receipt else "",
        receipt_credits=receipt.credits if receipt else None,
        receipt_cents=receipt.amount_cents if receipt else None,
        credits_reversed=receipt.credits_reversed if receipt else 0,
        issued_at=showable(receipt.issued_at) if receipt and receipt.issued_at else None,
        fetched_at=at,
    )


def _reversals_write(payments: Iterable[OperatorPayment], saved: dict[str, HostedPayment]) -> None:
    rows = [
        HostedReversal(
            payment_reversal_id=one.payment_reversal_id[:_MAX_ID],
            payment=saved[payment.payment_attempt_id],
            kind=one.kind[:32],
            state=one.state[:32],
            provider_id=one.provider_id or "",
            provider_status=(one.provider_status or "")[:64],
            amount_cents=one.amount_cents,
            credits=one.credits,
            created_at=showable(one.created_at) if one.created_at else None,
        )
        for payment in payments
        for one in payment.reversals
    ]
    told = ["state", "provider_id", "provider_status", "amount_cents", "credits"]
    HostedReversal.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["payment_reversal_id"], update_fields=told
    )
