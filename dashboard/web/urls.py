from django.urls import path

from dashboard.web import audit, health, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("profile/", views.profile, name="profile"),
    path("profile/theme/", views.profile_theme, name="profile_theme"),
    path("account/sessions/<int:pk>/end/", views.other_session_end, name="other_session_end"),
    path("health/", health.health, name="health"),
    path("audit/", audit.audit_log_all, name="audit_log_all"),
    path("audit/export/", audit.audit_export_all, name="audit_export_all"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("w/<slug:workspace_key>/", views.overview, name="overview"),
    path("w/<slug:workspace_key>/audit/", audit.audit_log, name="audit_log"),
    path("w/<slug:workspace_key>/audit/export/", audit.audit_export, name="audit_export"),
    path("w/<slug:workspace_key>/search/", views.search_results, name="search"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/", views.agent_detail, name="agent_detail"),
]
