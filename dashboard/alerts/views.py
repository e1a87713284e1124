"""Alerts of a workspace, what its members are told, and the link that ends a person's mails."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, OWNER_ONLY, Scope, member, public
from dashboard.accounts.views import READ_OR_SEND
from dashboard.alerts import pages
from dashboard.alerts.selectors import inheritance_get
from dashboard.alerts.services import inheritance_end, unsubscribe
from dashboard.alerts.unsubscribing import preference_of_link


@member(EVERY_ROLE)
@require_GET
def alert_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    return pages.list_page(request, pages.member_place(scope))


@member(EVERY_ROLE)
@require_http_methods(READ_OR_SEND)
def preferences(request: HttpRequest, scope: Scope) -> HttpResponse:
    return pages.preferences_page(request, pages.member_place(scope))


@member(EVERY_ROLE)
@require_POST
def exemption_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    return pages.exemption_page(request, pages.member_place(scope))


@member(EVERY_ROLE)
@require_POST
def exemption_removal(_request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    return pages.exemption_end(pages.member_place(scope), pk)


@member(EVERY_ROLE)
@require_GET
def delivery_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    return pages.log_page(request, pages.member_place(scope))


@member(EVERY_ROLE)
@require_POST
def delivery_again(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    return pages.again_page(request, pages.member_place(scope), pk)


@member(OWNER_ONLY)
@require_POST
def inheritance_removal(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    inheritance_end(preference=inheritance_get(scope.workspace, pk), actor=scope.user)
    messages.success(request, "It goes to nobody any more.")
    return redirect("alerts:preferences", scope.workspace.key)


# The one button of mail programs (RFC 8058) comes without a cookie; the signed address is what it proves itself by.
@public
@csrf_exempt
@require_http_methods(READ_OR_SEND)
def unsubscribe_link(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever opens the link of a mail; on POST end the mails that it speaks of."""
    preference = preference_of_link(token)
    is_over = preference is None or not preference.has_mail
    if request.method == "POST" and preference:
        unsubscribe(preference)
        is_over = True
    context = {"preference": preference, "is_over": is_over}
    return render(request, "alerts/unsubscribe.html", context, status=200 if preference else 404)
