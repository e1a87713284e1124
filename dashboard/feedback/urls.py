from django.urls import path

from dashboard.feedback import views

app_name = "feedback"
urlpatterns = [path("feedback/", views.queue, name="queue")]
