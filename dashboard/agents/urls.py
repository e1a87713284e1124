from django.urls import path

from dashboard.agents import claim_views, custody_views, request_views, views

app_name = "agents"
urlpatterns = [
    path("claim/", request_views.claim_link, name="claim_link"),
    path("claim/<slug:token>/", request_views.claim_link_open, name="claim_link_open"),
    path("w/<slug:workspace_key>/agents/", views.agent_list, name="agent_list"),
    path("w/<slug:workspace_key>/agents/claim/", claim_views.claim_start, name="claim_start"),
    path("w/<slug:workspace_key>/agents/claim/by-hand/", claim_views.claim_by_hand, name="claim_by_hand"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/", claim_views.claim_attempt, name="claim_attempt"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/consent/", claim_views.claim_consent, name="claim_consent"),
    path("w/<slug:workspace_key>/agents/claim/<uuid:key>/decline/", claim_views.claim_decline, name="claim_decline"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/unclaim/", views.agent_release, name="agent_release"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/stop/", custody_views.stop, name="stop"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/start/", custody_views.start, name="start"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/replace-token/", custody_views.replace, name="replace"),
]
