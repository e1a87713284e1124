"""Thin tasks: ids only. Lost or doubled, they change nothing that the rows do not say."""

from celery import shared_task
from celery.signals import worker_ready

from dashboard.freshness.services import heartbeat_beat
from dashboard.sync import breaker, pipeline, services


@shared_task
def agent_sync(agent_id: int) -> bool:
    return breaker.may_ask() and pipeline.agent_sync(agent_id)


@shared_task
def sweep() -> int:
    """Queue every agent whose turn has come."""
    due = breaker.turns_take()
    for agent_id in due:
        # Later the row is queued again: a message that waited that long is one too many.
        agent_sync.apply_async((agent_id,), expires=services.QUEUED_AGAIN_AFTER.total_seconds())
    return len(due)


@shared_task
def heartbeat() -> None:
    heartbeat_beat("worker")


@shared_task
def runs_rescue() -> int:
    return services.runs_rescue()


@shared_task
def runs_prune() -> int:
    return services.runs_prune()


@worker_ready.connect
def worker_is_ready(**_: object) -> None:
    """Say so at once: a fresh start need not wait for the first beat."""
    heartbeat_beat("worker")
