from django.urls import path

from dashboard.activity import views

app_name = "activity"
urlpatterns = [
    path("w/<slug:workspace_key>/activity/", views.ledger, name="event_list"),
    path("w/<slug:workspace_key>/activity/export/", views.event_export, name="event_export"),
    path("w/<slug:workspace_key>/activity/arrivals/", views.event_arrivals, name="event_arrivals"),
    path("w/<slug:workspace_key>/activity/months/", views.event_months, name="event_months"),
]
