from django.urls import path

from dashboard.credits import balance_views as views

app_name = "balance"
AGENT = "w/<slug:workspace_key>/balance/<remote:remote_id>/"
urlpatterns = [
    path("w/<slug:workspace_key>/balance/", views.balance_overview, name="balance_overview"),
    path(AGENT, views.balance_detail, name="balance_detail"),
    path(f"{AGENT}export/", views.balance_export, name="balance_export"),
    path(f"{AGENT}<int:number>/", views.balance_interval, name="balance_interval"),
]
