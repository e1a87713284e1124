"""What every request passes: no view without an access decision, no private answer in a cache, the viewer's zone."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control

from dashboard.accounts.access import Decision
from dashboard.accounts.models import User
from dashboard.accounts.sessions import session_is_over, session_touch

Answer = Callable[[HttpRequest], HttpResponse]

# Third-party pages of the sign-in family look after themselves: signed-out visitors are whom they are for,
# and what needs a person asks for one: test_third_party_access.py asks each of them.
THIRD_PARTY = (
    "allauth.account.",
    "allauth.mfa.",
    "django.views.static",
    "django.contrib.staticfiles.",
)


def decision_of(view: object) -> Decision | None:
    """Return a view's access decision; None when nobody took one."""
    declared = getattr(view, "access", None) or getattr(getattr(view, "cls", None), "access", None)
    if isinstance(declared, Decision):
        return declared
    if str(getattr(view, "__module__", "")).startswith(THIRD_PARTY):
        return Decision("third_party")
    return None


class AccessMiddleware:
    """Fail closed: a view that nobody decided on answers nobody, and what a person was answered is kept nowhere."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Also for Back after signing out, and because a page and its fragment share an address.
        if isinstance(request.user, User) and "Cache-Control" not in response:
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(
        self, _request: HttpRequest, view: Callable[..., HttpResponseBase], _args: object, _kwargs: object
    ) -> None:
        if decision_of(view) is None:
            raise ImproperlyConfigured(f"{view.__module__}.{view.__qualname__} has no access decision.")


def session_limits(get_response: Answer) -> Answer:
    """Sign out whoever was away, or signed in, for too long; a page that refreshes itself is no visit."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            if session_is_over(request.session):
                logout(request)
            elif not request.headers.get("X-Fragment"):
                session_touch(request.session)
        return get_response(request)

    return middleware


def viewer_time_zone(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponse:
        zone = request.user.time_zone if isinstance(request.user, User) else settings.TIME_ZONE
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            return get_response(request)

    return middleware
