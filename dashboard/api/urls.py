from django.urls import path

from dashboard.api import views

app_name = "api"
urlpatterns = [
    # No trailing slash, and none is redirected to: a redirected POST would lose its body.
    path("api/v1/claims", views.ClaimRequestView.as_view(), name="claim_request"),
    path("api/v1/claims/confirmations", views.ClaimConfirmationView.as_view(), name="claim_confirmation"),
    path("api/v1/claims/releases", views.ClaimReleaseView.as_view(), name="claim_release"),
]
