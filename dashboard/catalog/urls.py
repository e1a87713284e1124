from django.urls import path

from dashboard.catalog import views

app_name = "catalog"
urlpatterns = [
    path("w/<slug:workspace_key>/catalogue/", views.model_list, name="model_list"),
    path("w/<slug:workspace_key>/catalogue/capabilities/", views.capabilities, name="capabilities"),
    # A model's id is the service's to choose: it may hold a slash.
    path("w/<slug:workspace_key>/catalogue/models/<path:model_id>/", views.model_detail, name="model_detail"),
    path("catalogue/", views.model_list_all, name="model_list_all"),
    path("catalogue/capabilities/", views.capabilities_all, name="capabilities_all"),
    path("catalogue/models/<path:model_id>/", views.model_detail_all, name="model_detail_all"),
]
