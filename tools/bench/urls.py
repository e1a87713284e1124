"""The dashboard's addresses and those of the baselines: the empty answer behind session and person, two admins."""

import os
from datetime import timedelta

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from dashboard.accounts import answers
from dashboard.accounts.access import signed_in
from dashboard.urls import handler500

__all__ = ["handler500", "urlpatterns"]

if "BENCH_ANEW" in os.environ:
    answers.KEPT_FOR = timedelta()


@signed_in
def auth_floor(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("bench/auth/", auth_floor),
    *([path("bench/", include("tools.bench.admin_urls"))] if apps.is_installed("django.contrib.admin") else []),
    path("", include("dashboard.urls")),
]
