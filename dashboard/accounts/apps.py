from importlib import import_module
from typing import ClassVar

from django.apps import AppConfig

from dashboard.lib.sealing import SealedColumn


class AccountsConfig(AppConfig):
    name = "dashboard.accounts"
    sealed_columns: ClassVar = [
        # Secrets of authenticator apps and seeds of recovery codes; a passkey has neither.
        SealedColumn("sign-in factor", "mfa.Authenticator", "data", frozenset({"secret", "seed"})),
    ]

    def ready(self) -> None:
        import_module("dashboard.accounts.receivers")
