"""Make small pictures now, in parallel; what is interrupted goes on where it was, here or in the background."""

import os
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor

from django.core.management.base import BaseCommand
from django.db import connection

from dashboard.assets.media import media_make_next, media_rebuild


class Command(BaseCommand):
    help = "Make the small pictures that are due; with --rebuild first make due what was made before."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="make all anew, from kept originals where there are")
        parser.add_argument("--workspace", default="", help="of the workspace with this key alone")

    def handle(self, *_: object, rebuild: bool, workspace: str, **__: object) -> None:
        if rebuild:
            self.stdout.write(f"{media_rebuild(workspace_key=workspace)} pictures are to be made anew.")
        at_once = os.cpu_count() or 1
        with ThreadPoolExecutor(at_once) as threads:
            made = sum(threads.map(lambda _: _work(), range(at_once)))
        self.stdout.write(f"{made} files done.")


def _work() -> int:
    """Work until nothing is due; a thread's connection is its own to close."""
    made = 0
    try:
        while media_make_next():
            made += 1
    finally:
        connection.close()
    return made
