"""Every address of the dashboard."""

from allauth.account.decorators import reauthentication_required
from allauth.account.views import password_set
from django.conf import settings
from django.urls import include, path

from dashboard.lib import converters  # noqa: F401 - registers <remote:...>
from dashboard.web.views import sessions

urlpatterns = [
    path("", include("dashboard.web.urls")),
    path("", include("dashboard.accounts.urls")),
    path("", include("dashboard.exports.urls")),
    path("", include("dashboard.agents.urls")),
    path("", include("dashboard.activity.urls")),
    path("", include("dashboard.catalog.urls")),
    path("", include("dashboard.credits.urls")),
    path("", include("dashboard.credits.balance_urls")),
    path("", include("dashboard.credits.hand_off_urls")),
    path("", include("dashboard.credits.receipt_urls")),
    path("", include("dashboard.spend.urls")),
    path("", include("dashboard.assets.urls")),
    path("", include("dashboard.assets.gallery_urls")),
    path("", include("dashboard.feedback.urls")),
    path("", include("dashboard.billing.urls")),
    path("", include("dashboard.alerts.urls")),
    path("", include("dashboard.sync.urls")),
    path("", include("dashboard.api.urls")),
    # A first password is a way in like any other; allauth's own page would not ask who sets it.
    path("account/password/set/", reauthentication_required(password_set), name="account_set_password"),
    path("account/", include("allauth.account.urls")),
    path("account/factors/", include("allauth.mfa.urls")),
    # allauth's own list asks the database anew for each session.
    path("account/sessions/", sessions, name="usersessions_list"),
]
handler500 = "dashboard.web.errors.server_error"
if settings.IS_LOCAL:
    urlpatterns.append(path("local/", include("dashboard.local.urls")))
