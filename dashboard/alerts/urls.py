from django.urls import path

from dashboard.accounts.models import PlatformRole
from dashboard.alerts import views, webhook_views
from dashboard.alerts.platform_views import role_patterns

app_name = "alerts"
IN = "w/<slug:workspace_key>"
urlpatterns = [
    path(f"{IN}/alerts/", views.alert_list, name="alert_list"),
    path(f"{IN}/alerts/deliveries/", views.delivery_list, name="delivery_list"),
    path(f"{IN}/alerts/deliveries/<int:pk>/again/", views.delivery_again, name="delivery_again"),
    path(f"{IN}/settings/alerts/", views.preferences, name="preferences"),
    path(f"{IN}/settings/alerts/exceptions/", views.exemption_new, name="exemption_new"),
    path(f"{IN}/settings/alerts/exceptions/<int:pk>/removal/", views.exemption_removal, name="exemption_removal"),
    path(f"{IN}/settings/alerts/inherited/<int:pk>/end/", views.inheritance_removal, name="inheritance_removal"),
    path(f"{IN}/settings/alerts/webhook/", webhook_views.webhook, name="webhook"),
    path(f"{IN}/settings/alerts/webhook/secret/", webhook_views.webhook_secret, name="webhook_secret"),
    path(f"{IN}/settings/alerts/webhook/test/", webhook_views.webhook_trial, name="webhook_trial"),
    path(f"{IN}/settings/alerts/webhook/removal/", webhook_views.webhook_removal, name="webhook_removal"),
    path("alerts/unsubscribe/<str:token>/", views.unsubscribe_link, name="unsubscribe"),
    *role_patterns(PlatformRole.BILLING_ADMIN, "billing"),
    *role_patterns(PlatformRole.PRODUCT_REVIEWER, "review"),
    *role_patterns(PlatformRole.OPERATOR, "operation"),
]
