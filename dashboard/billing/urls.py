from django.conf import settings
from django.urls import path

from dashboard.billing import dispute_views, refund_views, statement_views, views, webhook_views

app_name = "billing"
urlpatterns = [
    path("billing/", views.desk, name="desk"),
    path("billing/statement/", statement_views.statement, name="statement"),
    path("billing/statement/export/", statement_views.statement_export, name="statement_export"),
    path("billing/disputes/", dispute_views.dispute_list, name="dispute_list"),
    path("billing/disputes/<slug:dispute_id>/", dispute_views.dispute_detail, name="dispute_detail"),
    path("billing/disputes/<slug:dispute_id>/submission/", dispute_views.dispute_submit, name="dispute_submit"),
    path("billing/disputes/<slug:dispute_id>/pdf/", dispute_views.dispute_pdf, name="dispute_pdf"),
    path("billing/refunds/", refund_views.refund_list, name="refund_list"),
    path("billing/refunds/of/<slug:kind>/<uuid:key>/", refund_views.refund_of, name="refund_of"),
    path("billing/refunds/<uuid:order_key>/", refund_views.refund_detail, name="refund_detail"),
    path("billing/payments/<uuid:chain_key>/refund/", refund_views.refund_new, name="refund_new"),
]
if settings.STRIPE_WEBHOOK_SECRETS:
    # Without a secret nothing could be verified, so there is nowhere to send it.
    urlpatterns.append(path("webhooks/stripe/", webhook_views.stripe_webhook, name="stripe_webhook"))
