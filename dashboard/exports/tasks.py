"""Background side of exports: ids only. Lost or doubled, a message changes nothing that the rows do not say."""

from celery import shared_task

from dashboard.exports import making, runs

SWEEP_SECONDS = 5


@shared_task
def export_make(pk: int) -> bool:
    return making.export_make(pk)


@shared_task
def exports_sweep() -> int:
    """Queue what waits for a worker."""
    due = runs.exports_due()
    for pk in due:
        # The next sweep says it again: a message that waited that long is one too many.
        export_make.apply_async((pk,), expires=SWEEP_SECONDS)
    return len(due)


@shared_task
def exports_rescue() -> int:
    return runs.exports_rescue()


@shared_task
def exports_expire() -> int:
    return runs.exports_expire()


@shared_task
def exports_prune() -> int:
    return runs.exports_prune()
