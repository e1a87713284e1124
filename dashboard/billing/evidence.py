"""What speaks for us in a dispute, gathered from rows: Stripe's text fields, and one paper that holds all of it.

https://docs.stripe.com/api/disputes/evidence_object: each text at most 20,000 characters, all together 150,000. No
word of an agent's work is known here, so what is shown is what was delivered, when, and who consented; the paper
shows small pictures of it too.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from allauth.usersessions.models import UserSession
from django.conf import settings

from dashboard.audit.models import AuditEntry
from dashboard.billing.evidence_pictures import pictures_of
from dashboard.billing.hosted import CHARGED
from dashboard.billing.models import Chain, LedgerLine, StripeDispute, StripePayment
from dashboard.credits.buyer import BuyerBook
from dashboard.credits.paper import Line, Paper
from dashboard.lib.presentation import money_text

MOST_OF_A_TEXT, MOST_OF_ALL = 20_000, 150_000
MOST_LINES = 400
FIELDS = {
    "product_description": "What was sold",
    "customer_name": "Buyer's name",
    "customer_email_address": "Buyer's e-mail",
    "service_date": "Delivered on",
    "access_activity_log": "What was used since",
    "uncategorized_text": "Consent and history",
}
CONSENTS = {
    "agent.claimed": "linked the agent and agreed that it may ask to be paid for",
    "agent.relinked": "linked the agent again",
    "purchase.started": "asked for the price of these credits",
    "purchase.opened": "opened this payment",
}
NO_CHAIN = "No payment of ours is known for this dispute: write what you know by hand."


def evidence_texts(dispute: StripeDispute) -> dict[str, str]:
    """Return a text for each of FIELDS, as full as our rows make it and within Stripe's limits; empty: not known."""
    chain = chain_of(dispute)
    if chain is None:
        return dict.fromkeys(FIELDS, "")
    told = {
        "product_description": _sold(chain),
        **_buyer(chain),
        "service_date": f"{chain.granted_at.astimezone(UTC):%Y-%m-%d}" if chain.granted_at else "",
        "access_activity_log": cut(_used(chain)),
        "uncategorized_text": cut([*_consents(chain), *_history(chain)]),
    }
    return {name: told[name][:MOST_OF_A_TEXT] for name in FIELDS}


def evidence_paper(dispute: StripeDispute, texts: dict[str, str]) -> Paper:
    """Return the texts as they are handed in, as one paper with what the credits were used for since."""
    chain = chain_of(dispute)
    lines = list(used_lines(chain)) if chain else []
    facts = [
        ("Dispute", dispute.dispute_id),
        ("Payment", dispute.payment_intent_id or dispute.charge_id),
        ("Amount", f"{money_text(dispute.amount_cents)} {dispute.currency}"),
        *((FIELDS[name], texts[name]) for name in FIELDS if name != "access_activity_log" and texts.get(name)),
    ]
    return Paper(
        title=f"Evidence from {settings.PRODUCT_NAME}",
        facts=tuple(facts),
        buyer=(),
        columns=("When (UTC)", "Job", "Credits"),
        texts=2,
        lines=tuple(Line((_at(line.occurred_at), line.job_id, str(line.credits_delta or 0))) for line in lines),
        totals=(("Used since", str(sum(line.credits_delta or 0 for line in lines))),),
        notes=("One credit is one US cent.",),
        nothing="None of these credits was used.",
        pictures=pictures_of(chain, lines) if chain else None,
    )


def chain_of(dispute: StripeDispute) -> Chain | None:
    """Return the payment that a dispute is about, with its sides."""
    sides = ("stripe_payment", "hosted_payment", "purchase__agent", "purchase__workspace", "purchase__opened_by")
    return Chain.objects.select_related(*sides).filter(stripe_payment=dispute.payment_id).first()


def cut(lines: list[str]) -> str:
    """Return lines as one text that Stripe takes whole; what does not fit is counted at its end."""
    length, kept = 0, []
    for line in lines:
        length += len(line) + 1
        if length > MOST_OF_A_TEXT - 80:
            break
        kept.append(line)
    left = len(lines) - len(kept)
    return "\n".join([*kept, *([f"And {left} more, kept by us."] if left else [])])


def used_lines(chain: Chain) -> Iterator[LedgerLine]:
    """Yield what the agent used since the credits came, oldest first; MOST_LINES at most."""
    if chain.granted_at is None:
        return
    mine = LedgerLine.objects.filter(agent_remote_id=chain.agent_remote_id, type=CHARGED)
    yield from mine.filter(occurred_at__gte=chain.granted_at).order_by("occurred_at", "pk")[:MOST_LINES]


def _sold(chain: Chain) -> str:
    hosted, payment = chain.hosted_payment, chain.stripe_payment
    credits_ = (hosted.receipt_credits or hosted.credits) if hosted else chain.purchase and chain.purchase.credits
    price = f" for {money_text(payment.amount_cents)} {payment.currency}" if payment else ""
    granted = f" They were added on {_at(chain.granted_at)} UTC." if chain.granted_at else ""
    return (
        f"{credits_ or 'Prepaid'} credits of {settings.PRODUCT_NAME}, a service that makes and edits images,{price}."
        f" One credit is one US cent, usable at once by the agent {chain.agent_remote_id}.{granted}"
        f" Receipt {chain.receipt_id or 'not issued'}."
    )


def _buyer(chain: Chain) -> dict[str, str]:
    purchase = chain.purchase
    if purchase is None:
        return {"customer_name": "", "customer_email_address": ""}
    details = BuyerBook(purchase.workspace).at(purchase.opened_at)
    name = details.name if details else ""
    who = purchase.opened_by
    return {
        "customer_name": name or (who.display_name if who else ""),
        "customer_email_address": who.email if who else "",
    }


def _used(chain: Chain) -> list[str]:
    lines = [
        f"{_at(line.occurred_at)} UTC  {line.job_id}  {line.credits_delta or 0} credits" for line in used_lines(chain)
    ]
    return lines or ["None of the credits was used."]


def _consents(chain: Chain) -> Iterator[str]:
    """Yield who linked the agent and opened the payment, when, and the sign-ins that were theirs then."""
    purchase = chain.purchase
    if purchase is None:
        yield "The agent opened this payment itself; no person of ours was part of it."
        return
    subjects = (purchase.agent.remote_id, str(purchase.key))
    told = AuditEntry.objects.filter(
        workspace_id=purchase.workspace_id, action__in=list(CONSENTS), subject_id__in=subjects
    )
    for entry in told.order_by("at", "pk")[:50]:
        yield f"{_at(entry.at)} UTC  {entry.actor_label}: {CONSENTS[entry.action]}"
    opened_at = purchase.opened_at
    sessions = UserSession.objects.filter(user=purchase.opened_by, created_at__lte=opened_at).order_by("-created_at")
    for session in sessions[:5]:
        yield f"{_at(session.created_at)} UTC  signed in from {session.ip}, last seen {_at(session.last_seen_at)} UTC"


def _history(chain: Chain) -> Iterator[str]:
    """Yield the agent's earlier payments that nobody disputed or wanted back."""
    payment = chain.stripe_payment
    if payment is None or payment.paid_at is None:
        return
    before = StripePayment.objects.filter(
        agent_remote_id=chain.agent_remote_id,
        livemode=payment.livemode,
        state=StripePayment.State.PAID,
        paid_at__lt=payment.paid_at,
        is_disputed=False,
        refunded_cents=0,
    )
    for earlier in before.exclude(agent_remote_id="").order_by("-paid_at")[:20]:
        paid = f"{money_text(earlier.amount_cents)} {earlier.currency}"
        yield f"{_at(earlier.paid_at)} UTC  paid {paid} before, undisputed ({earlier})"


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""
