"""When readings take longer than they come due their queue stays short, and nothing else waits behind it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.utils import timezone
from kombu import Consumer, Message

from dashboard.broker import broker_url
from dashboard.celery import app
from dashboard.freshness.models import Stream, SyncCursor
from dashboard.sync.services import QUEUED_AGAIN_AFTER, QUEUED_AT_MOST, due_take, run_claim
from dashboard.sync.tasks import agent_sync, heartbeat, sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def published() -> Iterator[list[dict[str, Any]]]:
    """The headers of the tasks that were queued meanwhile."""
    found: list[dict[str, Any]] = []

    def note(headers: dict[str, Any], **_: object) -> None:
        found.append(headers)

    before_task_publish.connect(note)
    yield found
    before_task_publish.disconnect(note)


def due(count: int) -> None:
    now = timezone.now()
    SyncCursor.objects.bulk_create(
        SyncCursor(stream=Stream.AGENT, subject_id=number, due_at=now - timedelta(seconds=1)) for number in range(count)
    )


def test_sweeps_queue_no_more_than_a_bounded_backlog() -> None:
    due(QUEUED_AT_MOST + 50)
    assert len(due_take(Stream.AGENT)) == QUEUED_AT_MOST
    assert due_take(Stream.AGENT) == []
    assert run_claim(stream=Stream.AGENT, subject_id=0)
    assert len(due_take(Stream.AGENT)) == 1, "what was begun makes room"


def test_queued_reading_expires_when_it_is_queued_again(published: list[dict[str, Any]]) -> None:
    due(1)
    assert sweep() == 1
    assert [headers["task"] for headers in published] == ["dashboard.sync.tasks.agent_sync"]
    assert published[0]["expires"] is not None
    assert (published[0]["argsrepr"], published[0]["kwargsrepr"]) == ("(0,)", "{}")


def test_reading_whose_message_was_lost_is_queued_again() -> None:
    due(1)
    assert due_take(Stream.AGENT) == [0]
    SyncCursor.objects.update(queued_at=timezone.now() - QUEUED_AGAIN_AFTER)
    assert due_take(Stream.AGENT) == [0]


def test_heartbeat_overtakes_a_backlog_of_readings(tmp_path: Path) -> None:
    taken: list[str] = []

    def take(_body: object, message: Message) -> None:
        taken.append(message.headers["task"])
        message.ack()

    with app.connection(broker_url(tmp_path / "queue")) as connection:
        for number in range(QUEUED_AT_MOST):
            agent_sync.apply_async((number,), connection=connection)
        heartbeat.apply_async(connection=connection)
        queues = list(app.amqp.queues.consume_from.values())
        with Consumer(connection, queues=queues, callbacks=[take], prefetch_count=1):
            connection.drain_events(timeout=5)
            connection.drain_events(timeout=5)
    assert sorted(taken) == ["dashboard.sync.tasks.agent_sync", "dashboard.sync.tasks.heartbeat"]
