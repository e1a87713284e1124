"""Background side of people."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def sessions_prune() -> None:
    """Delete the sessions that have ended."""
    call_command("clearsessions")
