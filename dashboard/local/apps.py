from django.apps import AppConfig


class LocalConfig(AppConfig):
    """Only installed in local mode: demo people, sign-in links, one command."""

    name = "dashboard.local"
