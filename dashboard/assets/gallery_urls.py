from django.urls import path

from dashboard.assets import gallery_views, selection_views

app_name = "gallery"
urlpatterns = [
    path("w/<slug:workspace_key>/gallery/", gallery_views.gallery, name="gallery"),
    path("w/<slug:workspace_key>/gallery/selection/", selection_views.selection, name="selection"),
    path("w/<slug:workspace_key>/gallery/<int:number>/", gallery_views.asset_detail, name="asset_detail"),
    path("w/<slug:workspace_key>/gallery/<int:number>/tags/", gallery_views.asset_tags, name="asset_tags"),
    path("w/<slug:workspace_key>/gallery/<int:number>/hiding/", gallery_views.asset_hiding, name="asset_hiding"),
    path(
        "w/<slug:workspace_key>/gallery/<int:number>/original/", selection_views.asset_original, name="asset_original"
    ),
]
