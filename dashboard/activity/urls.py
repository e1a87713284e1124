from django.urls import path

from dashboard.activity import views

app_name = "activity"
urlpatterns = [path("w/<slug:workspace_key>/activity/", views.event_list, name="event_list")]
