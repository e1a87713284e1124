from importlib import import_module

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "dashboard.activity"

    def ready(self) -> None:
        import_module("dashboard.activity.export")
