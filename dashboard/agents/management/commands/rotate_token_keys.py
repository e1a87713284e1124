"""`manage.py rotate_token_keys`: seals everything anew with the first key of TOKEN_KEYS."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.agents.rotation import key_counts, tokens_rotate
from dashboard.lib.sealing import sealing_key_id


class Command(BaseCommand):
    help = "Seal everything anew with the first key of TOKEN_KEYS; may be stopped, repeated and run twice at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing, tell how many rows use which key")

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        if options["check"]:
            self._counts_tell()
            return
        result = tokens_rotate()
        self.stdout.write(f"{result.resealed} sealed anew, {result.moved} changed meanwhile and looked at again.")
        for name in result.broken:
            self.stdout.write(f"{name}: opens with no key, left as it is")
        self._counts_tell()
        if result.broken:
            raise CommandError(f"{len(result.broken)} open with no key of TOKEN_KEYS, or not for their row.")

    def _counts_tell(self) -> None:
        counts = key_counts()
        for key_id in settings.TOKEN_KEYS:
            note = " (seals)" if key_id == sealing_key_id() else "" if counts.get(key_id) else " (may be taken out)"
            self.stdout.write(f"key {key_id}: {counts.pop(key_id, 0)} rows{note}")
        for key_id, rows in sorted(counts.items()):
            self.stdout.write(f"key {key_id or 'unreadable'}: {rows} rows (not in TOKEN_KEYS)")
