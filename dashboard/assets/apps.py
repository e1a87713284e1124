from importlib import import_module

from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "dashboard.assets"

    def ready(self) -> None:
        import_module("dashboard.assets.zip_export")
