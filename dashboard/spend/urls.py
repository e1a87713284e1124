from django.urls import path

from dashboard.spend import guardrail_views, views

app_name = "spend"
GUARDRAILS = "w/<slug:workspace_key>/agents/<remote:remote_id>/guardrails/"
urlpatterns = [
    path("w/<slug:workspace_key>/spend/", views.spend, name="spend"),
    path("w/<slug:workspace_key>/spend/export/", views.spend_export, name="spend_export"),
    path(GUARDRAILS, guardrail_views.guardrails, name="guardrails"),
    path(f"{GUARDRAILS}change/", guardrail_views.guardrails_change, name="guardrails_change"),
]
