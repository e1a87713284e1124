"""Pages of money: what was bought, buying, following one purchase, and the rule that guards it."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, MAY_ASK, MAY_BUY, OWNER_ONLY, Scope, member
from dashboard.accounts.answers import kept_answer
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.agents.selectors import claim_get, claim_list_nearest_empty
from dashboard.credits.choices import buying_rule_change
from dashboard.credits.follow import following_get
from dashboard.credits.forms import BuyingRuleForm, PurchaseForm, holds_credential
from dashboard.credits.listing import PurchaseFilterForm
from dashboard.credits.models import Purchase
from dashboard.credits.selectors import buying_rule_get, needs_fresh_sign_in, purchase_get
from dashboard.credits.services import purchase_cancel, purchase_look, purchase_open, purchase_start
from dashboard.credits.shop import Shop, shop_get
from dashboard.credits.withheld import BuyingWithheld

AGENTS_OFFERED = 50
Page = TypeVar("Page", bound=Callable[..., HttpResponse])


def no_credentials(view: Page) -> Page:
    """Refuse an address that carries what is named like a payment credential; stands beneath the access."""

    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if holds_credential(request.GET):
            raise BadRequest("A payment credential was sent in an address.")
        return view(request, *args, **kwargs)

    return cast("Page", inner)


@member(EVERY_ROLE)
@require_GET
@kept_answer
@no_credentials
def purchase_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = PurchaseFilterForm(request.GET, workspace=scope.workspace)
    is_valid = form.is_valid()
    context = {
        "scope": scope,
        "form": form,
        "page": form.page(cursor=request.GET.get("page", "")) if is_valid else None,
        "is_filtered": any(request.GET.get(name) for name in form.fields),
        "may_buy": scope.may(MAY_BUY),
        "is_owner": scope.may(OWNER_ONLY),
    }
    return render(request, "credits/purchase_list.html", context, status=200 if is_valid else 422)


@member(EVERY_ROLE)
@require_GET
@no_credentials
def purchase_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Choose the agent, then what to buy for it; where there is one agent, it is chosen."""
    claims = list(claim_list_nearest_empty(scope.workspace, limit=AGENTS_OFFERED))
    wanted = request.GET.get("agent", "")
    if not wanted and len(claims) != 1:
        context = {"scope": scope, "claims": claims, "may_buy": scope.may(MAY_BUY)}
        return render(request, "credits/agent_choice.html", context)
    shop = shop_get(claim_get(scope.workspace, wanted) if wanted else claims[0])
    chosen = {name: request.GET[name] for name in ("pack_id", "credits", "payment_method") if name in request.GET}
    return _shop_page(request, scope, shop, PurchaseForm(initial={**_first_choice(shop, chosen), **chosen}))


@member(MAY_BUY)
@require_POST
@no_credentials
def purchase_quote(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Ask for the price of what was chosen; sent again, it leads to the same purchase."""
    claim = claim_get(scope.workspace, remote_id)
    form = PurchaseForm(request.POST)
    if form.is_valid():
        try:
            purchase = purchase_start(
                claim=claim, user=scope.user, terms=form.terms, form_key=form.cleaned_data["form_key"]
            )
        except BuyingWithheld as refusal:
            form.add_error(None, refusal.reason.sentence)
        else:
            return redirect("credits:purchase_detail", scope.workspace.key, purchase.key)
    return _shop_page(request, scope, shop_get(claim), form)


@member(EVERY_ROLE)
@require_GET
@no_credentials
def purchase_detail(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """How a purchase stands: a page, or its fragment for the page that polls."""
    purchase = purchase_get(scope.workspace, key)
    if purchase.is_under_way:
        purchase_look(purchase=purchase)
    template = "credits/_purchase.html" if request.headers.get("X-Fragment") else "credits/purchase_detail.html"
    return render(request, template, _following_context(scope, purchase))


@member(MAY_BUY)
@require_http_methods(READ_OR_SEND)
@no_credentials
def purchase_payment(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """Open the payment; of live money above the workspace's threshold after a fresh sign-in alone.

    A sign-in may lead back here by address alone, which opens nothing: it leads on to the purchase.
    """
    purchase = purchase_get(scope.workspace, key)
    if request.method != "POST":
        return redirect("credits:purchase_detail", scope.workspace.key, purchase.key)
    is_guarded = purchase.live_money is not False and needs_fresh_sign_in(scope.workspace, purchase.price_cents or 0)
    return (fresh_sign_in(_payment_open) if is_guarded else _payment_open)(request, scope, purchase)


@member(MAY_BUY)
@require_POST
@no_credentials
def purchase_cancellation(_request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """Give up a purchase that was not opened yet."""
    purchase = purchase_get(scope.workspace, key)
    purchase_cancel(purchase=purchase, user=scope.user)
    return redirect("credits:purchase_detail", scope.workspace.key, purchase.key)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def buying_rule(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Above how much live money buying asks for a fresh sign-in in this workspace."""
    dollars = buying_rule_get(scope.workspace).fresh_sign_in_cents // 100
    form = BuyingRuleForm(request.POST or None, initial={"dollars": dollars})
    if request.method == "POST" and form.is_valid():
        cents = form.cleaned_data["dollars"] * 100
        buying_rule_change(workspace=scope.workspace, user=scope.user, fresh_sign_in_cents=cents)
        messages.success(request, "Saved.")
        return redirect("credits:purchase_list", scope.workspace.key)
    context = {"scope": scope, "form": form}
    return render(request, "credits/buying_rule.html", context, status=422 if form.errors else 200)


def _payment_open(request: HttpRequest, scope: Scope, purchase: Purchase) -> HttpResponse:
    try:
        purchase_open(purchase=purchase, user=scope.user)
    except BuyingWithheld as refusal:
        messages.error(request, refusal.reason.sentence)
    return redirect("credits:purchase_detail", scope.workspace.key, purchase.key)


def _first_choice(shop: Shop, chosen: dict[str, str]) -> dict[str, object]:
    pack = {} if "credits" in chosen else {"pack_id": shop.first_pack_id}
    return {**pack, "payment_method": shop.first_method_id, "form_key": uuid4()}


def _shop_page(request: HttpRequest, scope: Scope, shop: Shop, form: PurchaseForm) -> HttpResponse:
    context = {"scope": scope, "shop": shop, "form": form, "may_buy": scope.may(MAY_BUY)}
    return render(request, "credits/purchase_new.html", context, status=422 if form.errors else 200)


def _following_context(scope: Scope, purchase: Purchase) -> dict[str, object]:
    return {
        "scope": scope,
        "purchase": purchase,
        "following": following_get(purchase),
        "may_buy": scope.may(MAY_BUY),
        "may_ask": scope.may(MAY_ASK),
        "again_url": _again_url(scope, purchase),
    }


def _again_url(scope: Scope, purchase: Purchase) -> str:
    """Return the Buy page with the terms of this purchase chosen."""
    what = {"pack_id": purchase.pack_id} if purchase.pack_id else {"credits": purchase.credits}
    chosen = {"agent": purchase.agent.remote_id, **what, "payment_method": purchase.payment_method}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"{reverse('credits:purchase_new', args=[scope.workspace.key])}?{query}"
