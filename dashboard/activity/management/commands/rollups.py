"""`manage.py rollups`: checks the sums behind spend pages against the raw ledger, or counts them anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.activity.rollup_sql import rollups_check, rollups_rebuild


class Command(BaseCommand):
    help = "Check the rollups of the ledger against its raw rows, or rebuild them from these."

    def add_arguments(self, parser: CommandParser) -> None:
        wish = parser.add_mutually_exclusive_group(required=True)
        wish.add_argument("--check", action="store_true", help="change nothing; end with 1 where a sum is wrong")
        wish.add_argument(
            "--rebuild", action="store_true", help="count everything anew; reading agents waits meanwhile"
        )

    def handle(self, *_args: Any, **options: Any) -> None:  # noqa: ANN401
        if options["rebuild"]:
            rollups_rebuild()
        drifts = rollups_check()
        for drift in drifts:
            self.stdout.write(f"{drift.table}: {drift.rows} rows differ")
        if drifts:
            raise CommandError("The sums are not those of the ledger: run it with --rebuild.")
        self.stdout.write("All sums are those of the ledger.")
