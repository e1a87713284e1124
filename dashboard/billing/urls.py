from django.conf import settings
from django.urls import path

from dashboard.billing import views, webhook_views

app_name = "billing"
urlpatterns = [
    path("billing/", views.desk, name="desk"),
]
if settings.STRIPE_WEBHOOK_SECRETS:
    # Without a secret nothing could be verified, so there is nowhere to send it.
    urlpatterns.append(path("webhooks/stripe/", webhook_views.stripe_webhook, name="stripe_webhook"))
