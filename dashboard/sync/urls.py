from django.urls import path

from dashboard.sync import views

app_name = "sync"
urlpatterns = [
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/refresh/", views.agent_refresh, name="agent_refresh"),
]
