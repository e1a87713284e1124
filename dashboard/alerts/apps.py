from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig

from dashboard.lib.sealing import SealedColumn


class AlertsConfig(AppConfig):
    name = "dashboard.alerts"
    sealed_columns: ClassVar = [SealedColumn("alerts.webhook", "alerts.Webhook", "secret_sealed")]

    def ready(self) -> None:
        # Whoever sends mails has to know of quiet hours, be it a process that composes none.
        import_module("dashboard.alerts.mails")
