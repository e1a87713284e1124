"""Pages for whoever pays: the short hand-off (contract 2.13) and where Stripe leads back to."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from sandbox.endpoint import refuse_other_methods, trace_of
from sandbox.envelope import fail
from sandbox.errors import ApiError
from sandbox.models import PaymentAttempt
from sandbox.models.payments import AttemptStatus
from sandbox.payments import fulfilment, gateway

logger = logging.getLogger(__name__)


def hand_off(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """Leads to the payment page, its `#` fragment in the Location; also after the payment, until the attempt ends."""
    attempt = _attempt(attempt_id)
    if refused := _refused(request, attempt):
        return refused
    if attempt is None or timezone.now() >= attempt.expires_at or attempt.status == AttemptStatus.EXPIRED:
        return _page(request, "sandbox/pay/over.html", status=404 if attempt is None else 410)
    if attempt.deposit is not None:
        return HttpResponseRedirect(
            f"{settings.SANDBOX_PUBLIC_URL}/stripe/deposit/{attempt.deposit['deposit_address']}"
        )
    if not attempt.checkout_url:
        return _page(request, "sandbox/pay/over.html", status=404)
    return HttpResponseRedirect(attempt.checkout_url)


def done(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """After a payment. With Stripe itself the page looks too, as Stripe advises: no webhook may ever reach us."""
    attempt = _attempt(attempt_id)
    if refused := _refused(request, attempt):
        return refused
    if attempt is not None and gateway.is_real():
        try:
            attempt = fulfilment.attempt_settle(attempt.id)
        except ApiError as error:
            # The payer has done their part; whoever looks next settles it.
            logger.warning("not settled on return: %s %s", attempt_id, error.code)
    return _page(request, "sandbox/pay/done.html", attempt)


def canceled(request: HttpRequest, attempt_id: str) -> HttpResponse:
    """After turning back; the payment page stays open."""
    attempt = _attempt(attempt_id)
    return _refused(request, attempt) or _page(request, "sandbox/pay/canceled.html", attempt)


def _attempt(attempt_id: str) -> PaymentAttempt | None:
    return PaymentAttempt.objects.select_related("quote", "agent").filter(pk=attempt_id).first()


def _refused(request: HttpRequest, attempt: PaymentAttempt | None) -> HttpResponse | None:
    """An envelope for a wrong method, and for a program that asks for what is not there; people get a page."""
    try:
        refuse_other_methods(request, "GET")
    except ApiError as error:
        return fail(settings.SANDBOX_PROGRAM, trace_of(request), error)
    if attempt is not None or "text/html" in request.META.get("HTTP_ACCEPT", ""):
        return None
    missing = ApiError("PAYMENT_NOT_FOUND", "There is no such payment.")
    return fail(settings.SANDBOX_PROGRAM, trace_of(request), missing)


def _page(
    request: HttpRequest, template: str, attempt: PaymentAttempt | None = None, status: int = 200
) -> HttpResponse:
    if attempt is None and status == 200:
        template, status = "sandbox/pay/over.html", 404
    response = render(request, template, {"attempt": attempt}, status=status)
    # Its address is a capability of the payer alone.
    response["Referrer-Policy"] = "no-referrer"
    return response
