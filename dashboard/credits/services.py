"""Buying: ask for a price, open the payment, give it up. A row holds the key before its call goes out.

Double clicks, the back button, two tabs and two people at once make one purchase: a form is taken once, and of equal
terms a workspace has one purchase under way for an agent, whoever presses.
"""

from datetime import timedelta
from uuid import UUID, uuid5

import structlog
from django.db import transaction
from django.utils import timezone

from api_client import ApiError
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.credits.machine import quote_is_over
from dashboard.credits.models import Purchase
from dashboard.credits.orders import end, purchase_advance, quote_end
from dashboard.credits.prices import prices_get
from dashboard.credits.selectors import claim_of
from dashboard.credits.settle import purchase_lock
from dashboard.credits.terms import Terms
from dashboard.credits.trail import purchase_audit
from dashboard.credits.watch import purchase_watch
from dashboard.credits.withheld import UNLINKED, BuyingWithheld, buying_withheld, terms_withheld
from dashboard.freshness.models import Stream
from dashboard.freshness.services import cursor_hurry
from dashboard.lib.sealing import SealBroken

log = structlog.get_logger(__name__)

State = Purchase.State

# A request makes its call itself; should it die on the way, the poller makes the same call after this.
POLLER_TAKES_OVER = timedelta(seconds=30)


def purchase_start(*, claim: Claim, user: User, terms: Terms, form_key: UUID) -> Purchase:
    """Ask for the price of some terms; raises BuyingWithheld.

    Returns the purchase that is there already for this form, or under way for equal terms. Its state is `quoted`;
    `quoting` where the service has not answered yet (the background goes on with the same key); `refused` with the
    problem noted.
    """
    # A form that comes back by the back button and is sent with other terms is another one.
    form_key = uuid5(form_key, f"{claim.agent_id} {terms.word}")
    known = _of_form(claim.workspace_id, form_key)
    if known:
        return known
    _terms_check(claim, terms)
    wanted = Purchase(
        workspace_id=claim.workspace_id,
        agent_id=claim.agent_id,
        origin=Purchase.Origin.SPONSOR,
        opened_by=user,
        opened_at=timezone.now(),
        form_key=form_key,
        credits=terms.credits,
        pack_id=terms.pack_id,
        payment_method=terms.payment_method,
        terms=terms.word,
        state=State.QUOTING,
    )
    wanted.quote_key = f"dashboard-quote-{wanted.key}"
    purchase = _hold(wanted, user)
    return _advance_now(purchase, user) if purchase is wanted else purchase


def purchase_open(*, purchase: Purchase, user: User) -> Purchase:
    """Open the payment of a quoted purchase, and return it as it is then; raises BuyingWithheld.

    `open` carries the hand-off or the deposit; `opening` waits for an unclear answer; `expired` says that the price was
    held no more: start again. Pressed again, it returns what the first press came to. `purchase` is as the person saw
    it: a price that came meanwhile opens nothing.
    """
    claim = claim_of(purchase)
    reason = buying_withheld(claim) if claim else UNLINKED
    if reason:
        raise BuyingWithheld(reason)
    with transaction.atomic():
        locked = purchase_lock(purchase.pk)
        if locked.state != State.QUOTED or locked.price_cents != purchase.price_cents:
            return locked
        if not quote_is_over(locked, timezone.now()):
            locked.state, locked.attempt_key = State.OPENING, f"dashboard-buy-{locked.key}"
            locked.save()
            amounts = {"credits": locked.credits, "price_cents": locked.price_cents}
            purchase_audit("purchase.opened", locked, user=user, before=State.QUOTED, amounts=amounts)
            purchase_watch(locked, pause=POLLER_TAKES_OVER)
    return _advance_now(locked, user)


def purchase_cancel(*, purchase: Purchase, user: User) -> bool:
    """Give up a purchase that was not opened yet; True when this did it. What was opened can only run out."""
    with transaction.atomic():
        locked = purchase_lock(purchase.pk)
        is_ours = locked.origin == Purchase.Origin.SPONSOR and locked.state in (State.QUOTING, State.QUOTED)
        if is_ours:
            end(locked, State.CANCELED, user=user)
    return is_ours


def purchase_look(*, purchase: Purchase) -> None:
    """Have the state of an open purchase read soon, because somebody looks at it; no call is made here."""
    lately = timezone.now() - timedelta(seconds=purchase.poll_seconds)
    cursor_hurry(stream=Stream.PURCHASE, subject_id=purchase.pk, unless_since=lately)


def _terms_check(claim: Claim, terms: Terms) -> None:
    reason, prices = buying_withheld(claim), prices_get()
    if not reason and prices:
        reason = terms_withheld(prices, terms)
    if reason:
        raise BuyingWithheld(reason)


def _of_form(workspace_id: int, form_key: UUID | None) -> Purchase | None:
    return Purchase.objects.filter(workspace=workspace_id, form_key=form_key).first()


def _hold(wanted: Purchase, user: User) -> Purchase:
    """Save the wanted purchase with its key, or return the one that is there; the workspace's row is the lock."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=wanted.workspace_id)
        there = _of_form(wanted.workspace_id, wanted.form_key) or _under_way(wanted)
        if there:
            return there
        wanted.save()
        amounts = {"credits": wanted.credits, "pack_id": wanted.pack_id}
        purchase_audit("purchase.started", wanted, user=user, amounts=amounts)
        purchase_watch(wanted, pause=POLLER_TAKES_OVER)
    return wanted


def _under_way(wanted: Purchase) -> Purchase | None:
    """Return the purchase of equal terms that has not ended; one whose price is held no more ends here, unused."""
    equal = Purchase.objects.filter(workspace=wanted.workspace_id, agent=wanted.agent_id, terms=wanted.terms)
    there = equal.filter(origin=wanted.origin, state__in=Purchase.UNDER_WAY).first()
    if there is None:
        return None
    return there if quote_end(there.pk).is_under_way else None


def _advance_now(purchase: Purchase, user: User) -> Purchase:
    """Make the due call within the request; where its outcome is open, the purchase is as it was, and the poller's."""
    claim = claim_of(purchase)
    try:
        if claim:
            purchase = purchase_advance(purchase_id=purchase.pk, claim=claim, user=user)
    except (ApiError, SealBroken) as error:
        log.info("purchase_left_to_the_poller", purchase=str(purchase.key), error=type(error).__name__)
        purchase.refresh_from_db()
    else:
        purchase_watch(purchase)
    return purchase
