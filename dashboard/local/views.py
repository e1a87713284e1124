"""Local mode's own pages: sign-in by a printed link, and the page that shows every component."""

from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import public
from dashboard.local.people import link_get, link_use

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Ask before using the link up: a preview or a crawler that opens it must not."""
    if request.method != "POST":
        return render(request, "local/sign_in.html", {"link": link_get(token)})
    user = link_use(token)
    if user is None:
        raise Http404
    login(request, user, backend=BACKEND)
    # What allauth notes about its own sign-ins: how and when, and in which browser.
    record_authentication(request, user, "link")
    UserSession.objects.create_from_request(request)
    return redirect("web:home")


@public
@require_GET
def components(request: HttpRequest) -> HttpResponse:
    return render(request, "local/components.html")
