from django.urls import path

from dashboard.web import audit, custody, events, health, thread_desk, threads, views

app_name = "web"
urlpatterns = [
    path("", views.home, name="home"),
    path("profile/", views.profile, name="profile"),
    path("profile/theme/", views.profile_theme, name="profile_theme"),
    path("account/sessions/<int:pk>/end/", views.other_session_end, name="other_session_end"),
    path("health/", health.health, name="health"),
    path("audit/", audit.audit_log_all, name="audit_log_all"),
    path("audit/export/", audit.audit_export_all, name="audit_export_all"),
    path("threads/", thread_desk.thread_queue, name="thread_queue"),
    path("threads/<uuid:thread_key>/", thread_desk.thread_desk, name="thread_desk"),
    path("threads/<uuid:thread_key>/goodwill/", thread_desk.thread_goodwill, name="thread_goodwill"),
    path("threads/<uuid:thread_key>/assignment/", thread_desk.thread_assignment, name="thread_assignment"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("w/<slug:workspace_key>/", views.overview, name="overview"),
    path("w/<slug:workspace_key>/inbox/", views.inbox, name="inbox"),
    path("w/<slug:workspace_key>/activity/<int:number>/", events.event_detail, name="event_detail"),
    path("w/<slug:workspace_key>/audit/", audit.audit_log, name="audit_log"),
    path("w/<slug:workspace_key>/audit/export/", audit.audit_export, name="audit_export"),
    path("w/<slug:workspace_key>/threads/", threads.thread_list, name="thread_list"),
    path("w/<slug:workspace_key>/threads/about/<slug:kind>/<str:subject_id>/", threads.thread_new, name="thread_new"),
    path("w/<slug:workspace_key>/threads/<uuid:thread_key>/", threads.thread_detail, name="thread_detail"),
    path("w/<slug:workspace_key>/threads/<uuid:thread_key>/messages/", threads.thread_message, name="thread_message"),
    path("w/<slug:workspace_key>/search/", views.search_results, name="search"),
    path("w/<slug:workspace_key>/agents/<remote:remote_id>/", views.agent_detail, name="agent_detail"),
    path(
        "w/<slug:workspace_key>/agents/<remote:remote_id>/token-exposed/", custody.token_exposed, name="token_exposed"
    ),
]
