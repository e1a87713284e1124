from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "dashboard.support"
