"""Thin tasks: ids only. Lost or doubled, they change nothing that the rows do not say."""

from celery import Task, shared_task
from celery.signals import worker_ready

from dashboard.freshness.models import ONLY_SUBJECT, Stream
from dashboard.freshness.services import cursor_open, heartbeat_beat
from dashboard.sync import breaker, feedback, pipeline, public, purchases, services, work


@shared_task
def agent_sync(agent_id: int) -> bool:
    return breaker.may_ask() and pipeline.agent_sync(agent_id)


@shared_task
def purchase_sync(purchase_id: int) -> bool:
    return breaker.may_ask() and purchases.purchase_sync(purchase_id)


@shared_task
def prices_sync(_subject_id: int) -> bool:
    return breaker.may_ask() and public.prices_sync()


@shared_task
def catalog_sync(_subject_id: int) -> bool:
    return breaker.may_ask() and public.catalog_sync()


@shared_task
def work_sync(agent_id: int) -> bool:
    return breaker.may_ask() and work.work_sync(agent_id)


@shared_task
def feedback_sync(_subject_id: int) -> bool:
    return breaker.may_ask() and feedback.feedback_sync()


READERS: dict[Stream, Task[[int], bool]] = {
    Stream.AGENT: agent_sync,
    Stream.PURCHASE: purchase_sync,
    Stream.PRICES: prices_sync,
    Stream.WORK: work_sync,
    Stream.CATALOG: catalog_sync,
    Stream.FEEDBACK: feedback_sync,
}


@shared_task
def sweep() -> int:
    """Queue everything whose turn has come."""
    due = [(READERS[stream], subject_id) for stream, subject_id in breaker.turns_take()]
    for reader, subject_id in due:
        # Later the row is queued again: a message that waited that long is one too many.
        reader.apply_async((subject_id,), expires=services.QUEUED_AGAIN_AFTER.total_seconds())
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
    """Say so at once: a fresh start need not wait for the first beat, nor the first page for its prices and models."""
    heartbeat_beat("worker")
    cursor_open(stream=Stream.PRICES, subject_id=ONLY_SUBJECT, label="Payment methods and packs")
    cursor_open(stream=Stream.CATALOG, subject_id=ONLY_SUBJECT, label="Models and capabilities")
    cursor_open(stream=Stream.FEEDBACK, subject_id=ONLY_SUBJECT, label="Feedback of all agents")
