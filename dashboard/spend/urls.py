from django.urls import path

from dashboard.spend import views

app_name = "spend"
urlpatterns = [
    path("w/<slug:workspace_key>/spend/", views.spend, name="spend"),
    path("w/<slug:workspace_key>/spend/export/", views.spend_export, name="spend_export"),
]
