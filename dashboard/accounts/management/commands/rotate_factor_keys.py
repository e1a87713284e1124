"""`manage.py rotate_factor_keys`: second factors sealed anew with the first of TOKEN_KEYS, before an old key goes."""

from typing import Any

from django.core.management.base import BaseCommand

from dashboard.accounts.factors import factors_reseal


class Command(BaseCommand):
    help = "Seal every authenticator app's secret and every set of recovery codes with the first of TOKEN_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:  # noqa: ANN401
        self.stdout.write(f"Sealed with the first key: {factors_reseal()}.")
