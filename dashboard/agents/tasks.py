"""Background side of claims."""

from celery import shared_task

from dashboard.agents import ceremony


@shared_task
def attempts_expire() -> int:
    return ceremony.attempts_expire()


@shared_task
def attempts_prune() -> int:
    return ceremony.attempts_prune()
