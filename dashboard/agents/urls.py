from django.urls import path

from dashboard.agents import custody_views, views

app_name = "agents"
urlpatterns = [
    path("w/<slug:workspace_key>/agents/", views.agent_list, name="agent_list"),
    path("w/<slug:workspace_key>/agents/claim/", views.claim_start, name="claim_start"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/", views.claim_attempt, name="claim_attempt"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/consent/", views.claim_consent, name="claim_consent"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/decline/", views.claim_decline, name="claim_decline"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/unclaim/", views.agent_release, name="agent_release"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/stop/", custody_views.stop, name="stop"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/start/", custody_views.start, name="start"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/replace-token/", custody_views.replace, name="replace"),
]
