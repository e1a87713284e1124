from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "dashboard.assets"
