"""Every address of the dashboard."""

from django.conf import settings
from django.urls import include, path

from dashboard.lib import converters  # noqa: F401 - registers <remote:...>

urlpatterns = [
    path("", include("dashboard.web.urls")),
    path("", include("dashboard.accounts.urls")),
    path("", include("dashboard.agents.urls")),
    path("", include("dashboard.activity.urls")),
    path("", include("dashboard.feedback.urls")),
    path("", include("dashboard.billing.urls")),
    path("", include("dashboard.sync.urls")),
    path("", include("dashboard.api.urls")),
    path("account/", include("allauth.account.urls")),
]
handler500 = "dashboard.web.errors.server_error"
if settings.IS_LOCAL:
    urlpatterns.append(path("local/", include("dashboard.local.urls")))
