from django.urls import path

from dashboard.billing import views

app_name = "billing"
urlpatterns = [path("billing/", views.desk, name="desk")]
