"""Every path that is served. The last line catches the rest, so that Django's own HTML pages are never reached."""

from django.urls import include, path, re_path

from sandbox.views import activity, catalog, feedback, identity, pages, work
from sandbox.views.credits import credit_packs, credit_quotes, payment_methods

urlpatterns = [
    path("", pages.home),
    path("healthz", identity.health),
    path("v1/agent-signups", identity.agent_signups),
    path("v1/agent-claims", identity.agent_claims),
    path("v1/whoami", identity.whoami),
    path("v1/quota", identity.quota_show),
    path("v1/payment-methods", payment_methods),
    path("v1/credit-packs", credit_packs),
    path("v1/credit-quotes", credit_quotes),
    path("v1/models", catalog.models_list),
    path("v1/models/<path:reference>", catalog.model_show),
    path("v1/capabilities", catalog.capabilities_list),
    path("v1/capabilities/<path:reference>", catalog.capability_show),
    path("v1/create", work.create),
    path("v1/jobs/<path:job_id>", work.job_show),
    path("v1/assets/<path:asset_id>", work.asset_show),
    path("v1/activity", activity.activity_list),
    path("v1/activity/<path:reference>", activity.activity_show),
    path("v1/feedback", feedback.feedback),
    path("a/<path:file_name>", work.media_show),
    path("operator/v1/", include("sandbox.views.operator")),
    path("control/v1/", include("sandbox.views.control")),
    re_path("", pages.not_found),
]
