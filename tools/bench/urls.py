"""The dashboard's addresses and one more: the empty answer behind session and person."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from dashboard.accounts.access import signed_in
from dashboard.urls import handler500

__all__ = ["handler500", "urlpatterns"]


@signed_in
def auth_floor(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("bench/auth/", auth_floor), path("", include("dashboard.urls"))]
