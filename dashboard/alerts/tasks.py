"""Background side of alerts. Lost or doubled, a task changes nothing that the rows do not say."""

from celery import shared_task

from dashboard.alerts import mails, posting, retention, sweep
from dashboard.alerts.followers import preferences_follow


@shared_task
def alerts_sweep() -> int:
    preferences_follow()
    return sweep.sweep()


@shared_task
def alert_mails_compose() -> int:
    return mails.mails_compose()


@shared_task
def alert_posts_send() -> int:
    return posting.posts_send_due()


@shared_task
def alerts_prune() -> int:
    return retention.alerts_prune()
