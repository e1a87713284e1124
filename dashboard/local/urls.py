from django.urls import path

from dashboard.local import views

app_name = "local"
urlpatterns = [
    path("sign-in/<str:token>/", views.sign_in, name="sign_in"),
    path("components/", views.components, name="components"),
]
