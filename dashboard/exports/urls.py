from django.urls import path

from dashboard.exports import views

app_name = "exports"
urlpatterns = [
    path("exports/", views.export_list, name="export_list"),
    path("exports/<uuid:key>/", views.export_detail, name="export_detail"),
    path("exports/<uuid:key>/file/", views.export_file, name="export_file"),
    path("exports/<uuid:key>/again/", views.export_repeat, name="export_repeat"),
]
