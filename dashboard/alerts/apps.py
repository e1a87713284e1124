from typing import ClassVar

from django.apps import AppConfig

from dashboard.lib.sealing import SealedColumn


class AlertsConfig(AppConfig):
    name = "dashboard.alerts"
    sealed_columns: ClassVar = [SealedColumn("alerts.webhook", "alerts.Webhook", "secret_sealed")]
