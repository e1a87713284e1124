from django.urls import path

from dashboard.alerts import views

app_name = "alerts"
IN = "w/<slug:workspace_key>"
urlpatterns = [
    path(f"{IN}/alerts/", views.alert_list, name="alert_list"),
    path(f"{IN}/alerts/deliveries/", views.delivery_list, name="delivery_list"),
    path(f"{IN}/alerts/deliveries/<int:pk>/again/", views.delivery_again_, name="delivery_again"),
    path(f"{IN}/settings/alerts/", views.preferences, name="preferences"),
    path(f"{IN}/settings/alerts/exceptions/", views.exemption_new, name="exemption_new"),
    path(f"{IN}/settings/alerts/exceptions/<int:pk>/removal/", views.exemption_removal, name="exemption_removal"),
    path(f"{IN}/settings/alerts/inherited/<int:pk>/end/", views.inheritance_removal, name="inheritance_removal"),
    path("alerts/unsubscribe/<str:token>/", views.unsubscribe_link, name="unsubscribe"),
]
