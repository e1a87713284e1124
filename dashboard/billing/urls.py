from django.conf import settings
from django.urls import path

from dashboard.billing import refund_views, statement_views, views, webhook_views

app_name = "billing"
urlpatterns = [
    path("billing/", views.desk, name="desk"),
    path("billing/statement/", statement_views.statement, name="statement"),
    path("billing/statement/export/", statement_views.statement_export, name="statement_export"),
    path("billing/refunds/", refund_views.refund_list, name="refund_list"),
    path("billing/refunds/of/<slug:kind>/<uuid:key>/", refund_views.refund_of, name="refund_of"),
    path("billing/refunds/<uuid:order_key>/", refund_views.refund_detail, name="refund_detail"),
    path("billing/payments/<uuid:chain_key>/refund/", refund_views.refund_new, name="refund_new"),
]
if settings.STRIPE_WEBHOOK_SECRETS:
    # Without a secret nothing could be verified, so there is nowhere to send it.
    urlpatterns.append(path("webhooks/stripe/", webhook_views.stripe_webhook, name="stripe_webhook"))
