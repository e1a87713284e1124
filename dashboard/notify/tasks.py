"""Background side of the outbox."""

from celery import shared_task

from dashboard.notify import services


@shared_task
def mail_send_due() -> int:
    return services.mail_send_due()


@shared_task
def mail_prune() -> int:
    return services.mail_prune()
