"""A URL configuration with a view that nobody took an access decision on."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def undecided(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("everybody sees this")


urlpatterns = [path("undecided/", undecided)]
