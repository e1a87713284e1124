from django.urls import path

from dashboard.assets import media_views

app_name = "assets"
urlpatterns = [
    path(
        "w/<slug:workspace_key>/media/<int:number>/<int:width>/<slug:preview_key>.webp",
        media_views.preview,
        name="preview",
    ),
]
