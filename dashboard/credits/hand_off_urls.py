from django.urls import path

from dashboard.credits import hand_off_views as views

app_name = "hand_offs"
urlpatterns = [
    path("w/<slug:workspace_key>/inbox/payments/<uuid:key>/not-now/", views.dismissal, name="dismissal"),
    path("w/<slug:workspace_key>/inbox/agents/<remote:remote_id>/mute/", views.mute, name="mute"),
    path("w/<slug:workspace_key>/inbox/agents/<remote:remote_id>/unmute/", views.unmute, name="unmute"),
]
