"""Alerts for the holders of each platform role: the same pages, behind the decision of that role."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import View, platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.views import READ_OR_SEND
from dashboard.alerts import pages
from dashboard.alerts.pages import Place

Page = Callable[..., HttpResponse]


def role_patterns(role: PlatformRole, word: str) -> list[URLPattern]:
    """Return the addresses of one role, beneath alerts/<word>/."""

    def at(address: str, name: str, page: Page, method: Callable[[View], View]) -> URLPattern:
        view = platform(role)(method(_for_holder(role, page)))
        return path(f"alerts/{word}/{address}", view, name=f"{role.value}_{name}")

    read_or_send = require_http_methods(READ_OR_SEND)
    return [
        at("", "alert_list", pages.list_page, require_GET),
        at("deliveries/", "delivery_list", pages.log_page, require_GET),
        at("deliveries/<int:pk>/again/", "delivery_again", pages.again_page, require_POST),
        at("settings/", "preferences", pages.preferences_page, read_or_send),
        at("settings/exceptions/", "exemption_new", pages.exemption_page, require_POST),
        at("settings/exceptions/<int:pk>/removal/", "exemption_removal", _exemption_removal, require_POST),
    ]


def _for_holder(role: PlatformRole, page: Page) -> View:
    def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        return page(request, pages.holder_place(viewer(request), role), **kwargs)

    return view


def _exemption_removal(_request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    return pages.exemption_end(place, pk)
