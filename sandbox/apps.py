"""The sandbox as a Django app."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Label `sandbox`; string primary keys are the public ids, the rest are plain big integers."""

    name = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"
