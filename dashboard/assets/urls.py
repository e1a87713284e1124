from django.urls import path

from dashboard.assets import job_views, keeping_views, media_views

app_name = "assets"
urlpatterns = [
    path("w/<slug:workspace_key>/jobs/", job_views.job_list, name="job_list"),
    path("w/<slug:workspace_key>/jobs/<int:number>/", job_views.job_detail, name="job_detail"),
    path("w/<slug:workspace_key>/originals/", keeping_views.originals, name="originals"),
    path("w/<slug:workspace_key>/originals/purge/", keeping_views.purge, name="originals_purge"),
    path("w/<slug:workspace_key>/originals/<int:number>/purge/", keeping_views.asset_purged, name="asset_purge"),
    path(
        "w/<slug:workspace_key>/media/<int:number>/<int:width>/<slug:preview_key>.webp",
        media_views.preview,
        name="preview",
    ),
]
