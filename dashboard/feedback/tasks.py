"""Background side of feedback: thin, and safe to lose or to run twice."""

from celery import shared_task

from dashboard.feedback import alike, answering, keeping, telling


@shared_task
def clusters_compare() -> int:
    return alike.clusters_compare()


@shared_task
def answers_deliver() -> int:
    return answering.answers_deliver()


@shared_task
def tellings_send() -> int:
    return telling.tellings_send()


@shared_task
def sleepers_wake() -> int:
    return keeping.sleepers_wake()


@shared_task
def day_mark() -> None:
    keeping.day_mark()


@shared_task
def feedback_prune() -> int:
    return keeping.feedback_prune()
