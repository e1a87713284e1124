"""What may differ between Stripe, the order and the ledger: a pure rule a kind; none finds what another says better.

A side is only held to what it could have told by now: each rule waits for the grace period, counted to the moment up to
which the other side was read.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from dashboard.billing.joined import Circumstances, Difference, Joined, Outflow
from dashboard.billing.models import Finding
from dashboard.billing.rows import amount_text
from dashboard.lib.glossary import word_for
from dashboard.lib.presentation import credits_text, money_text

Kind = Finding.Kind
Rule = Callable[[Joined, Circumstances], Difference | None]
# Words of the service (contract 2.12; INF but for the first two) and of our own purchases for a payment under way.
_WAITS = frozenset({"created", "action_required", "requires_action", "open"})
_MOVES = frozenset({"opening", "processing", "pending", "paid"})


def differences(one: Joined, around: Circumstances) -> Iterator[Difference]:
    """Yield everything that differs in one payment; test settlements are no money and never differ."""
    if not one.is_money:
        return
    for rule in RULES:
        if found := rule(one, around):
            yield found
    yield from reversals_unknown(one, around)


def paid_not_granted(one: Joined, around: Circumstances) -> Difference | None:
    """Stripe took money and the ledger shows no credits; wholly given back, nothing is owed."""
    if not one.is_paid or one.granted or one.receipt_id or one.back_cents >= (one.stripe_cents or 0):
        return None
    if not _is_due(one.paid_at, one.ledger_as_of, around):
        return None
    return _of(one, Kind.PAID_NOT_GRANTED, f"Stripe took {_paid(one)}, the ledger shows nothing.", one.paid_at)


def granted_not_paid(one: Joined, around: Circumstances) -> Difference | None:
    """The ledger granted live credits and Stripe, read to its end, took nothing for them."""
    if not one.granted or one.is_paid or not _is_due(one.granted_at, around.stripe_as_of, around):
        return None
    sentence = f"The ledger granted {_credits(sum(one.granted))}, Stripe took nothing."
    return _of(one, Kind.GRANTED_NOT_PAID, sentence, one.granted_at)


def amount_differs(one: Joined, _around: Circumstances) -> Difference | None:
    """What Stripe took is not what was ordered, or what was granted is not."""
    if not one.is_paid or not one.has_order:
        return None
    currencies = {one.stripe_currency, one.order_currency} - {""}
    if len(currencies) > 1:
        sentence = f"Stripe took {_paid(one)}, the order is in {one.order_currency}."
    elif one.order_cents is not None and one.stripe_cents != one.order_cents:
        sentence = f"Stripe took {_paid(one)}, the order says {money_text(one.order_cents)}."
    elif len(one.granted) == 1 and one.order_credits is not None and one.granted[0] != one.order_credits:
        ordered = _credits(one.order_credits)
        sentence = f"The ledger granted {_credits(one.granted[0])}, the order says {ordered}."
    else:
        return None
    return _of(one, Kind.AMOUNT_DIFFERS, sentence, one.paid_at)


def granted_twice(one: Joined, _around: Circumstances) -> Difference | None:
    """More than one grant for one payment."""
    if len(one.granted) < 2:
        return None
    times = "twice" if len(one.granted) == 2 else f"{len(one.granted)} times"
    ordered = f"for one payment of {_paid(one)}" if one.is_paid else "for one payment"
    sentence = f"The ledger granted credits {times} {ordered}: {_credits(sum(one.granted))} in all."
    return _of(one, Kind.GRANTED_TWICE, sentence, one.granted_at)


def reversal_not_taken(one: Joined, around: Circumstances) -> Difference | None:
    """Money went back that both sides know of, and the ledger took fewer credits than were granted for it."""
    known = [out for out in one.outflows if out.has_taken and (out.is_known or out.is_told)]
    wanted = min(sum(out.amount_cents for out in known), sum(one.granted))
    latest = max((out.created_at for out in known), default=None)
    if one.taken >= wanted or not _is_due(latest, one.ledger_as_of, around):
        return None
    back, took = money_text(sum(out.amount_cents for out in known)), credits_text(one.taken)
    sentence = f"Stripe gave back {back}, the ledger took {took} of {_credits(wanted)}."
    return _of(one, Kind.REVERSAL_NOT_TAKEN, sentence, latest)


def taken_not_reversed(one: Joined, around: Circumstances) -> Difference | None:
    """The ledger took credits back for more money than went back at Stripe."""
    if not one.is_paid or one.taken <= one.back_cents or not _is_due(one.taken_at, around.stripe_as_of, around):
        return None
    sentence = f"The ledger took {_credits(one.taken)} back, Stripe gave back {money_text(one.back_cents)}."
    return _of(one, Kind.TAKEN_NOT_REVERSED, sentence, one.taken_at)


def attempt_stuck(one: Joined, around: Circumstances) -> Difference | None:
    """A payment that should have ended or moved on long ago, and that nobody paid."""
    if one.is_paid or one.granted or one.receipt_id:
        return None
    since = one.expires_at if one.order_state in _WAITS else one.moved_at if one.order_state in _MOVES else None
    if since is None or around.now - since < around.stuck:
        return None
    word = word_for("order_state", one.order_state).text
    amount = money_text(one.order_cents) if one.order_cents is not None else "A payment"
    return _of(one, Kind.ATTEMPT_STUCK, f"{amount}: {word.lower()}, and nothing moves.", since)


def purchase_without_line(one: Joined, around: Circumstances) -> Difference | None:
    """A receipt says that credits were granted, and the ledger, read since, has no line of it."""
    if not one.receipt_id or one.granted or not _is_due(one.issued_at, one.ledger_as_of, around):
        return None
    ordered = _credits(one.order_credits or 0)
    return _of(one, Kind.PURCHASE_WITHOUT_LINE, f"The receipt says {ordered}, the ledger has no line.", one.issued_at)


def line_without_purchase(one: Joined, around: Circumstances) -> Difference | None:
    """The ledger granted credits for a payment at Stripe that no order is known for."""
    if not one.granted or one.has_order or not _is_due(one.granted_at, around.now, around):
        return None
    sentence = f"The ledger granted {_credits(sum(one.granted))}, no purchase is known for it."
    return _of(one, Kind.LINE_WITHOUT_PURCHASE, sentence, one.granted_at)


def reversals_unknown(one: Joined, around: Circumstances) -> Iterator[Difference]:
    """Money that went back at Stripe without an order from here, and that the service does not tell of either."""
    for out in one.outflows:
        is_unknown = out.has_taken and not out.is_known and not out.is_told
        if is_unknown and _is_due(out.created_at, one.ledger_as_of, around):
            sentence = f"{_outflow(out)} of {money_text(out.amount_cents)} at Stripe, unknown here and to the ledger."
            yield _of(one, Kind.REVERSAL_UNKNOWN, sentence, out.created_at, subject=f"{out.kind}:{out.id}")


RULES: tuple[Rule, ...] = (
    *(paid_not_granted, granted_not_paid, amount_differs, granted_twice, reversal_not_taken, taken_not_reversed),
    *(attempt_stuck, purchase_without_line, line_without_purchase),
)


def _is_due(at: datetime | None, as_of: datetime | None, around: Circumstances) -> bool:
    """Tell whether the other side, read up to `as_of`, should have told by now of what happened at `at`."""
    return at is not None and as_of is not None and min(as_of, around.now) - at >= around.grace


def _of(one: Joined, kind: Finding.Kind, sentence: str, since: datetime | None, *, subject: str = "") -> Difference:
    return Difference(
        kind=kind,
        subject=subject or f"chain:{one.chain_id}",
        sentence=sentence,
        figures=_figures(one),
        since=since or one.opened_at,
        chain_id=one.chain_id,
        agent_remote_id=one.agent_remote_id,
        agent_name=one.agent_name,
    )


def _figures(one: Joined) -> dict[str, int | str | None]:
    """Return both sides' figures: what a person compares, and what brings an ignored one back when it changes."""
    return {
        "stripe_state": one.stripe_state,
        "stripe_cents": one.stripe_cents,
        "stripe_currency": one.stripe_currency,
        "stripe_back_cents": one.back_cents,
        "order_state": one.order_state,
        "order_cents": one.order_cents,
        "order_credits": one.order_credits,
        "ledger_grants": len(one.granted),
        "ledger_granted_credits": sum(one.granted),
        "ledger_taken_credits": one.taken,
    }


def _paid(one: Joined) -> str:
    return amount_text(one.stripe_cents or 0, one.stripe_currency)


def _credits(number: int) -> str:
    return f"{credits_text(number)} {'credit' if number == 1 else 'credits'}"


def _outflow(out: Outflow) -> str:
    return "A refund" if out.kind == "refund" else "A dispute"
