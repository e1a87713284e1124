"""Refunds and disputes: money that leaves again, and what happens to a dispute until it is closed."""

from datetime import timedelta

from django.utils import timezone

from sandbox.stripe_stand_in import events, form, money, store
from sandbox.stripe_stand_in.errors import missing, required, state, wrong
from sandbox.stripe_stand_in.form import Params
from sandbox.stripe_stand_in.models import StandInObject
from sandbox.stripe_stand_in.store import Object

_REASONS = {"", "duplicate", "fraudulent", "requested_by_customer"}
_OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
_MOST_OF_A_TEXT, _MOST_OF_ALL = 20_000, 150_000
_FILES = {"receipt", "service_documentation", "customer_communication", "uncategorized_file"}
# What decides a dispute in Stripe's own test mode.
_WINNING, _LOSING = "winning_evidence", "losing_evidence"


def refund(params: Params) -> Object:
    """Gives a charge back, wholly or in part, as often as something is left of it.

    `metadata[sandbox_status]=pending` keeps the refund pending until a control call settles it (ours).
    """
    charge = _charge(params)
    left = charge.data["amount"] - charge.data["amount_refunded"]
    if left <= 0:
        raise state(f"Charge {charge.object_id} has already been refunded.", "charge_already_refunded")
    if charge.data["disputed"]:
        raise state(f"Charge {charge.object_id} has been charged back.", "charge_disputed")
    amount = form.whole(params, "amount", low=1) or left
    if amount > left:
        raise wrong("amount", f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}).")
    reason = form.text(params, "reason")
    if reason not in _REASONS:
        raise wrong("reason", "Invalid reason")
    metadata = form.metadata(params)
    made = store.blank(
        "refund",
        amount=amount,
        charge=charge.object_id,
        payment_intent=charge.payment_intent,
        currency=charge.data["currency"],
        reason=reason or None,
        metadata=metadata,
        status="pending" if metadata.get("sandbox_status") == "pending" else "succeeded",
    )
    made["destination_details"] = store.nested("refund", "destination_details", type="card", card={"type": "refund"})
    entry = money.book(made["id"], -amount, kind="refund", category="refund", currency=made["currency"])
    made["balance_transaction"] = entry["id"]
    store.add(made, payment_intent=charge.payment_intent)
    total = charge.data["amount_refunded"] + amount
    changed = store.change(charge, amount_refunded=total, refunded=total == charge.data["amount"])
    events.emit("refund.created", made)
    events.emit("charge.refunded", changed)
    return made


def settle_refund(refund_id: str, *, is_paid: bool) -> Object:
    """A pending refund succeeds; any refund may fail, and then the charge holds its money again."""
    row = store.find("refund", refund_id)
    if row.data["status"] == "failed" or (is_paid and row.data["status"] != "pending"):
        raise state("This refund is settled.", "refund_unexpected_state")
    if is_paid:
        changed = store.change(row, status="succeeded")
        events.emit("refund.updated", changed)
        return changed
    charge = store.find("charge", row.data["charge"])
    store.change(charge, amount_refunded=charge.data["amount_refunded"] - row.data["amount"], refunded=False)
    money.book(refund_id, row.data["amount"], kind="refund_failure", category="refund_failure")
    changed = store.change(row, status="failed", failure_reason="unknown")
    events.emit("refund.failed", changed)
    return changed


def open_dispute(params: Params) -> Object:
    """The payer's bank takes the money back (`inquiry=true`: it only asks). Control call, ours."""
    charge = _charge(params)
    if charge.data["disputed"]:
        raise state("This charge is disputed already.", "charge_disputed")
    is_inquiry = form.text(params, "inquiry") == "true"
    due = store.stamp(timezone.now() + timedelta(days=7))
    made = store.blank(
        "dispute",
        amount=form.whole(params, "amount", low=1, high=charge.data["amount"]) or charge.data["amount"],
        charge=charge.object_id,
        payment_intent=charge.payment_intent,
        currency=charge.data["currency"],
        reason=form.text(params, "reason", "fraudulent"),
        status="warning_needs_response" if is_inquiry else "needs_response",
        is_charge_refundable=is_inquiry,
        evidence=store.nested("dispute", "evidence", enhanced_evidence={}),
        evidence_details={
            "due_by": due,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "enhanced_eligibility": {},
        },
    )
    details = store.nested("dispute", "payment_method_details", type="card")
    made["payment_method_details"] = details | {
        "card": {
            "brand": "visa",
            "case_type": "inquiry" if is_inquiry else "chargeback",
            "network": "visa",
            "network_reason_code": "10.4",
        }
    }
    if not is_inquiry:
        made["balance_transactions"] = [_withdraw(made)]
    store.add(made, payment_intent=charge.payment_intent)
    store.change(charge, disputed=True)
    events.emit("charge.dispute.created", made)
    if not is_inquiry:
        events.emit("charge.dispute.funds_withdrawn", made)
    return made


def update_dispute(params: Params, dispute_id: str) -> Object:
    """Takes evidence; `submit=true` hands it in. `winning_evidence` and `losing_evidence` decide, as in test mode."""
    row = store.find("dispute", dispute_id)
    if row.data["status"] not in _OPEN:
        raise state("This dispute is already closed.", "dispute_closed")
    evidence = form.group(params, "evidence")
    given = {name: form.text(evidence, name, most=_MOST_OF_A_TEXT) for name in evidence}
    if sum(map(len, given.values())) > _MOST_OF_ALL:
        raise wrong("evidence", "All evidence together is too long.")
    unknown = given.keys() - row.data["evidence"].keys()
    if unknown:
        raise wrong(f"evidence[{min(unknown)}]", "Received unknown parameter in evidence")
    for name in _FILES & given.keys():
        store.find("file", given[name])
    if "metadata" in params:
        row.data["metadata"] |= form.metadata(params)
    details = row.data["evidence_details"] | {
        "has_evidence": bool(given) or row.data["evidence_details"]["has_evidence"]
    }
    is_final = form.text(params, "submit", "false") == "true"
    if is_final:
        details["submission_count"] += 1
        prefix = "warning_" if row.data["status"].startswith("warning_") else ""
        row.data["status"] = f"{prefix}under_review"
    changed = store.change(row, evidence=row.data["evidence"] | given, evidence_details=details)
    events.emit("charge.dispute.updated", changed)
    word = changed["evidence"]["uncategorized_text"]
    if is_final and word in {_WINNING, _LOSING}:
        return close_dispute(dispute_id, is_won=word == _WINNING)
    return changed


def close_dispute(dispute_id: str, *, is_won: bool) -> Object:
    """Won (also when the payer withdraws it): the money comes back. Lost: it stays away."""
    row = store.find("dispute", dispute_id)
    status = row.data["status"]
    if status not in _OPEN:
        raise state("This dispute is already closed.", "dispute_closed")
    if status.startswith("warning_"):
        changed = store.change(row, status="warning_closed")
        events.emit("charge.dispute.closed", changed)
        return changed
    if is_won:
        back = money.book(
            dispute_id,
            row.data["amount"],
            kind="adjustment",
            category="dispute_reversal",
            currency=row.data["currency"],
        )
        row.data["balance_transactions"].append(back)
        store.change(store.find("charge", row.data["charge"]), disputed=False)
    changed = store.change(row, status="won" if is_won else "lost")
    events.emit("charge.dispute.closed", changed)
    if is_won:
        events.emit("charge.dispute.funds_reinstated", changed)
    return changed


def _withdraw(dispute: Object) -> Object:
    return money.book(
        dispute["id"],
        -dispute["amount"],
        kind="adjustment",
        category="dispute",
        fee=money.DISPUTE_FEE_CENTS,
        currency=dispute["currency"],
    )


def _charge(params: Params) -> StandInObject:
    """By `charge`, or by `payment_intent`."""
    if charge_id := form.text(params, "charge"):
        charge = store.find("charge", charge_id)
        if charge.data["status"] != "succeeded":
            raise state("This charge did not succeed.", "charge_not_refundable")
        return charge
    intent_id = form.text(params, "payment_intent")
    if not intent_id:
        raise required("charge")
    store.find("payment_intent", intent_id)
    found = money.charge_of(intent_id)
    if found is None:
        raise missing("charge", intent_id)
    return found
