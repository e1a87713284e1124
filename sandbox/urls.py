"""Every path that is served. The last line catches the rest, so that Django's own HTML pages are never reached."""

from django.urls import include, path, re_path

from sandbox.stripe_stand_in import views as stripe
from sandbox.views import activity, catalog, cli, docs, feedback, identity, media, openapi, pages, pay, work
from sandbox.views import credits as money

urlpatterns = [
    path("", pages.home),
    path("skill.md", docs.document, {"name": "skill.md"}),
    path("llms.txt", docs.document, {"name": "llms.txt"}),
    path("cli.md", docs.document, {"name": "cli.md"}),
    path("image-skill/<str:version>", docs.package),
    path("openapi.json", openapi.openapi),
    path("healthz", identity.health),
    path("v1/agent-signups", identity.agent_signups),
    path("v1/agent-claims", identity.agent_claims),
    path("v1/whoami", identity.whoami),
    path("v1/quota", identity.quota_show),
    path("v1/payment-methods", money.payment_methods),
    path("v1/credit-packs", money.credit_packs),
    path("v1/credit-quotes", money.credit_quotes),
    path("v1/credit-purchases", money.fake_purchases),
    path("v1/credit-purchases/stripe-checkout-sessions", money.checkout_sessions),
    path("v1/credit-purchases/stripe-x402-deposits", money.x402_deposits),
    path("v1/credit-purchases/status", money.purchase_status),
    path("v1/stripe-webhooks", money.stripe_webhooks),
    path("pay/<str:attempt_id>", pay.hand_off),
    path("pay/<str:attempt_id>/done", pay.done),
    path("pay/<str:attempt_id>/canceled", pay.canceled),
    path("stripe/v1/<path:path>", stripe.stripe_api),
    path("stripe/c/pay/<str:session_id>", stripe.checkout_page),
    path("stripe/deposit/<str:address>", stripe.deposit_page),
    path("v1/models", catalog.models_list),
    path("v1/models/<path:reference>", catalog.model_show),
    path("v1/capabilities", catalog.capabilities_list),
    path("v1/capabilities/<path:reference>", catalog.capability_show),
    path("v1/create", work.create),
    path("v1/cli", cli.cli),
    path("v1/edit", work.edit),
    path("v1/upload", work.upload),
    path("v1/jobs/<path:job_id>", work.job_show),
    path("v1/assets/<path:asset_id>", work.asset_show),
    path("v1/activity", activity.activity_list),
    path("v1/activity/<path:reference>", activity.activity_show),
    path("v1/feedback", feedback.feedback),
    path("a/<path:file_name>", media.media_show),
    path("operator/v1/", include("sandbox.views.operator")),
    path("control/v1/", include("sandbox.views.control")),
    re_path("", pages.not_found),
]
