"""The local Stripe over HTTP: its API for outside tools, its hosted checkout page, its deposit page."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from sandbox.stripe_stand_in import api, files, intents, sessions, store
from sandbox.stripe_stand_in.errors import StripeFailure

_PLACEHOLDER = "{CHECKOUT_SESSION_ID}"


class SeeOther(HttpResponseRedirect):
    """A POST that leads to a GET."""

    status_code = 303


def stripe_api(request: HttpRequest, path: str) -> HttpResponse:
    """Everything under `/stripe/v1/`, in Stripe's own shapes; no envelope here."""
    method = request.method or ""
    if request.content_type == "multipart/form-data":
        encoded = files.encoded(request)
    else:
        encoded = request.body.decode("utf-8", "replace") if method == "POST" else request.META.get("QUERY_STRING", "")
    headers = {name.lower(): value for name, value in request.headers.items()}
    response = api.answer(api.Request(method, f"/v1/{path}", encoded, headers))
    return JsonResponse(response.body, status=response.status, headers=response.headers)


def checkout_page(request: HttpRequest, session_id: str) -> HttpResponse:
    """The hosted page. It works without scripts: a form whose buttons are named `outcome`."""
    try:
        return _pressed(request, session_id) if request.method == "POST" else _shown(request, session_id)
    except StripeFailure:
        return render(request, "sandbox/stripe/gone.html", status=404)


def deposit_page(request: HttpRequest, address: str) -> HttpResponse:
    """A wallet for people: pays a crypto deposit exactly, or too little."""
    message = ""
    try:
        with transaction.atomic():
            row = intents.of_address(address)
            outcome = request.POST.get("outcome", "") if request.method == "POST" else ""
            if outcome in {"exact", "short"} and row.data["status"] == "requires_action":
                intents.deposit(row, is_exact=outcome == "exact")
                message = "The exact amount was sent." if outcome == "exact" else "Too little was sent."
    except StripeFailure:
        return render(request, "sandbox/stripe/gone.html", status=404)
    shown = {"intent": row.data, "address": address, "message": message, "usd": _usd(row.data["amount"])}
    return render(request, "sandbox/stripe/deposit.html", shown)


def _shown(request: HttpRequest, session_id: str, message: str = "", status: int = 200) -> HttpResponse:
    with transaction.atomic():
        session = store.find(sessions.KIND, session_id).data
        lines = sessions.line_items(session_id)["data"]
    if session["status"] == "expired":
        return render(request, "sandbox/stripe/gone.html", status=410)
    rows = [{"name": line["description"], "usd": _usd(line["amount_total"])} for line in lines]
    shown = {"session": session, "rows": rows, "usd": _usd(session["amount_total"]), "message": message}
    shown["service"] = settings.SANDBOX_PUBLIC_URL
    return render(request, "sandbox/stripe/checkout.html", shown, status=status)


def _pressed(request: HttpRequest, session_id: str) -> HttpResponse:
    outcome = request.POST.get("outcome", "")
    if outcome not in {"succeed", "decline", "processing", "cancel"}:
        return _shown(request, session_id, "Choose one of the buttons.", status=400)
    with transaction.atomic():
        row = store.find(sessions.KIND, session_id)
        is_open = row.data["status"] == "open"
        if is_open and outcome != "cancel":
            sessions.press(row, outcome)
        session = row.data
    if outcome == "decline" and is_open:
        return _shown(request, session_id, "Your card was declined. Nothing was taken; try again.", status=402)
    if session["status"] == "expired":
        return render(request, "sandbox/stripe/gone.html", status=410)
    # A second press of a paid session leads where the first one did.
    is_paid = session["status"] == "complete"
    target = session["success_url"] if is_paid else session["cancel_url"] or session["success_url"]
    return SeeOther(target.replace(_PLACEHOLDER, session_id))


def _usd(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
