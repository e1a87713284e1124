"""Thin tasks: what is due is in the rows. Lost or doubled, they change nothing that the rows do not say."""

from celery import shared_task

from dashboard.billing import disputes, handling, reading, refunds, retention, sweeps


@shared_task
def feeds_read() -> int:
    return reading.feeds_read()


@shared_task
def events_handle_due() -> int:
    return handling.events_handle_due()


@shared_task
def events_prune() -> int:
    return retention.events_prune()


@shared_task
def refunds_carry_out() -> int:
    return refunds.orders_carry_out()


@shared_task
def answers_carry_out() -> int:
    return disputes.answers_carry_out()


@shared_task
def disputes_remind() -> int:
    return disputes.disputes_remind()


@shared_task
def sweeps_run_due() -> int:
    return sweeps.sweeps_run_due()
