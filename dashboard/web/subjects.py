"""What a thread can be about: the thing itself, asked of the room that owns it. A further kind is one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import Http404
from django.urls import reverse

from dashboard.accounts.models import Workspace
from dashboard.agents.selectors import claim_get
from dashboard.agents.standing import standing_of
from dashboard.credits.selectors import purchase_get, receipt_get, reversal_list
from dashboard.lib.templatetags import ui
from dashboard.support.services import Subject


@dataclass(frozen=True)
class Known:
    """A thing of a workspace: how a thread names it, its page for members, and (label, value) facts, read from rows."""

    subject: Subject
    url: str
    facts: tuple[tuple[str, str], ...]


def _agent(workspace: Workspace, remote_id: str) -> Known:
    claim = claim_get(workspace, remote_id)
    agent = claim.agent
    return Known(
        Subject("agent", remote_id, agent.display_name),
        reverse("web:agent_detail", args=[workspace.key, remote_id]),
        (
            ("Can it work?", standing_of(claim).sentence),
            ("Free credits", ui.credits(agent.free_credits)),
            ("Paid credits", ui.credits(agent.paid_credits)),
            ("Credits read", ui.moment(agent.quota_at)),
            (f"{settings.PRODUCT_NAME} says", ui.state("claim_state", agent.claim_state)),
            ("Linked here", ui.moment(claim.claimed_at)),
        ),
    )


def _purchase(workspace: Workspace, key: str) -> Known:
    try:
        purchase = purchase_get(workspace, UUID(key))
    except ValueError as error:
        raise Http404 from error
    return Known(
        Subject("purchase", str(purchase.key), str(purchase)),
        reverse("credits:purchase_detail", args=[workspace.key, purchase.key]),
        (
            ("State", ui.state("purchase_state", purchase.state)),
            ("Credits", ui.credits(purchase.credits)),
            ("Price", ui.money(purchase.price_cents)),
            ("Opened", ui.moment(purchase.opened_at)),
            (f"{settings.PRODUCT_NAME} was asked", ui.moment(purchase.status_at)),
            ("Quote", ui.ident(purchase.quote_id)),
            ("Attempt", ui.ident(purchase.payment_attempt_id)),
        ),
    )


def _receipt(workspace: Workspace, key: str) -> Known:
    try:
        receipt = receipt_get(workspace, UUID(key))
    except ValueError as error:
        raise Http404 from error
    steps = reversal_list(receipt.purchase)
    return Known(
        Subject("receipt", str(receipt.key), receipt.remote_id),
        reverse("receipts:receipt_detail", args=[workspace.key, receipt.key]),
        (
            ("Agent", receipt.agent.display_name),
            ("Issued", ui.moment(receipt.issued_at)),
            ("Paid", ui.money(receipt.amount_cents) if receipt.live_money else "No money: a test settlement"),
            ("Credits", ui.credits(receipt.credits)),
            ("Since then", ui.state("reversal_kind", steps[-1].kind) if steps else "Nothing"),
        ),
    )


RESOLVERS: dict[str, Callable[[Workspace, str], Known]] = {
    "agent": _agent,
    "purchase": _purchase,
    "receipt": _receipt,
}


def subject_get(workspace: Workspace, kind: str, subject_id: str) -> Known:
    """Return a thing of this workspace; raises Http404 alike for "elsewhere", "not there" and an unknown kind."""
    resolver = RESOLVERS.get(kind)
    if resolver is None:
        raise Http404
    return resolver(workspace, subject_id)


def subject_find(workspace: Workspace, kind: str, subject_id: str) -> Known | None:
    """Return a thing of this workspace, or None once it is there no more: its threads outlive it."""
    try:
        return subject_get(workspace, kind, subject_id)
    except Http404:
        return None
