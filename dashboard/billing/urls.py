from django.conf import settings
from django.urls import path

from dashboard.billing import (
    connect_views,
    dispute_views,
    finding_views,
    inbox_views,
    refund_views,
    statement_views,
    views,
    webhook_views,
)

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
    path("billing/purchases/<uuid:chain_key>/", views.chain_detail, name="chain_detail"),
    path("billing/ledger/", views.ledger, name="ledger"),
    path("billing/exceptions/", finding_views.finding_list, name="finding_list"),
    path("billing/exceptions/sweep/", finding_views.sweep_new, name="sweep_new"),
    path("billing/exceptions/<uuid:finding_key>/", finding_views.finding_detail, name="finding_detail"),
    path("billing/exceptions/<uuid:finding_key>/action/", finding_views.finding_action, name="finding_action"),
    path("billing/exceptions/<uuid:finding_key>/notes/", finding_views.finding_note_add, name="finding_note"),
    path(
        "billing/exceptions/<uuid:finding_key>/assignment/", finding_views.finding_assignment, name="finding_assignment"
    ),
    path("billing/exceptions/<uuid:finding_key>/ignore/", finding_views.finding_ignoring, name="finding_ignore"),
    path("billing/exceptions/<uuid:finding_key>/reopen/", finding_views.finding_reopening, name="finding_reopen"),
    path("billing/webhooks/", inbox_views.event_list, name="event_list"),
    path("billing/webhooks/process/", inbox_views.events_process, name="events_process"),
    path("billing/webhooks/replays/<uuid:replay_key>/", inbox_views.replay_detail, name="replay_detail"),
    path("billing/webhooks/<uuid:event_key>/", inbox_views.event_detail, name="event_detail"),
    path("billing/webhooks/<uuid:event_key>/process/", inbox_views.event_process, name="event_process"),
    path("billing/webhooks/<uuid:event_key>/ignore/", inbox_views.event_ignoring, name="event_ignore"),
    path("billing/stripe/", connect_views.connect, name="connect"),
    path("billing/stripe/check/", connect_views.access_trial, name="access_trial"),
    path("billing/stripe/events/", connect_views.events_backfill, name="events_backfill"),
]
if settings.STRIPE_WEBHOOK_SECRETS:
    # Without a secret nothing could be verified, so there is nowhere to send it.
    urlpatterns.append(path("webhooks/stripe/", webhook_views.stripe_webhook, name="stripe_webhook"))
