"""What an answer says of a receipt, whose inner shape is unpublished (contract 3.6): read carefully, written once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from api_client import JsonObject, PurchaseStatus
from dashboard.credits.models import Purchase, Receipt
from dashboard.credits.terms import FAKE_METHOD
from dashboard.lib.dates import showable

log = structlog.get_logger(__name__)

MOST_CENTS = 2**53
PAYER_FIELDS = ("name", "email", "address", "country", "tax_id", "order_number")
MAX_TEXT = 200


@dataclass(frozen=True)
class ReceiptFacts:
    """A receipt as told: whole credits and cents, moments in UTC, None where the service did not say."""

    receipt_id: str
    credit_event_id: str
    credits: int
    amount_cents: int
    live_money: bool
    payer: dict[str, str]
    issued_at: datetime | None
    granted_at: datetime | None
    paid_at: datetime | None


def receipt_facts(purchase: Purchase, status: PurchaseStatus) -> ReceiptFacts | None:
    """Return what the answer says of the receipt; None without one, or where its amounts are nowhere to be read."""
    receipt, credit_event = status.receipt or {}, status.credit_event or {}
    quote = status.quote
    credits_ = _whole(receipt.get("credits")) or (quote.credits if quote else None) or purchase.credits
    cents = _whole(receipt.get("amount_cents"))
    if cents is None:
        cents = quote.price_amount_cents if quote else purchase.price_cents
    if not status.receipt_id or credits_ is None or cents is None:
        return None
    issued_at = _moment(receipt, "issued_at", "created_at")
    granted_at = _moment(credit_event, "occurred_at", "created_at")
    return ReceiptFacts(
        receipt_id=status.receipt_id,
        credit_event_id=status.credit_event_id or _word(receipt.get("credit_event_id")),
        credits=credits_,
        amount_cents=cents,
        live_money=_is_live(purchase, status),
        payer=_payer(receipt),
        issued_at=issued_at or granted_at,
        granted_at=granted_at,
        paid_at=_moment(status.provider_event or {}, "received_at", "created_at"),
    )


def receipt_write(purchase: Purchase, facts: ReceiptFacts, *, issued_at: datetime) -> None:
    """Write the receipt of a locked purchase once; told again, only a credit event that was missing is added."""
    known = Receipt.objects.filter(purchase=purchase).first()
    event_id = _free_event_id(purchase, facts.credit_event_id)
    if known is None:
        Receipt.objects.create(
            purchase=purchase,
            workspace_id=purchase.workspace_id,
            agent_id=purchase.agent_id,
            opened_by_id=purchase.opened_by_id,
            remote_id=facts.receipt_id,
            credit_event_id=event_id,
            credits=facts.credits,
            amount_cents=facts.amount_cents,
            currency=purchase.currency.upper(),
            live_money=facts.live_money,
            method=purchase.payment_method,
            payer=facts.payer,
            issued_at=showable(issued_at),
        )
    elif event_id and not known.credit_event_id:
        Receipt.objects.filter(pk=known.pk, credit_event_id="").update(credit_event_id=event_id)


def is_taken(purchase: Purchase, receipt_id: str) -> bool:
    """Tell whether this purchase has another receipt, or another purchase has this one already."""
    if purchase.receipt_id not in ("", receipt_id):
        return True
    taken = Receipt.objects.filter(agent_id=purchase.agent_id, remote_id=receipt_id)
    return taken.exclude(purchase=purchase).exists()


def _free_event_id(purchase: Purchase, told: str) -> str:
    taken = Receipt.objects.filter(agent_id=purchase.agent_id, credit_event_id=told).exclude(purchase=purchase)
    if told and taken.exists():
        log.error("credit_event_of_another_receipt", purchase=str(purchase.key))
        return ""
    return told


def _is_live(purchase: Purchase, status: PurchaseStatus) -> bool:
    """False wherever anybody says so; where nobody does, only the old test settlement is no money."""
    quote, attempt = status.quote, status.payment_attempt
    words = (
        (status.receipt or {}).get("live_money"),
        attempt.live_money if attempt else None,
        quote.live_money if quote else None,
        purchase.live_money,
    )
    method = (quote.accepted_payment_method if quote else None) or purchase.payment_method
    return False not in words and method != FAKE_METHOD


def _payer(receipt: JsonObject) -> dict[str, str]:
    told = receipt.get("payer")
    if not isinstance(told, Mapping):
        return {}
    return {name: told[name][:MAX_TEXT] for name in PAYER_FIELDS if isinstance(told.get(name), str)}


def _whole(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_CENTS else None


def _word(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_TEXT else ""


def _moment(wire: JsonObject, *names: str) -> datetime | None:
    told = next((wire[name] for name in names if isinstance(wire.get(name), str)), None)
    try:
        moment = datetime.fromisoformat(told) if told else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
