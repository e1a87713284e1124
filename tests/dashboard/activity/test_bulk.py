"""Models written at once are those that `bulk_create` would have written, ids included."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.lib.bulk import models_write

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 29, 1, 0, 0, 300, tzinfo=UTC)
ODD = "tab\tline\nback\\slash \\N 'quote' \"ü\" 100% %s"


@pytest.fixture
def events(link: Callable[..., Claim]) -> Callable[..., list[Event]]:
    """Return a function that makes events of one agent, not saved."""
    claim = link()
    owned = {"agent_id": claim.agent_id, "workspace_id": claim.workspace_id, "type": "job.completed"}
    when = {"occurred_at": AT, "synced_at": AT}

    def make(*remote_ids: str, **told: Any) -> list[Event]:
        return [Event(remote_id=one, **owned, **when, **told) for one in remote_ids]

    return make


def plain(event: Event) -> dict[str, Any]:
    return {field.attname: getattr(event, field.attname) for field in Event._meta.concrete_fields[1:]}


def test_every_value_comes_back_as_bulk_create_keeps_it(events: Callable[..., list[Event]]) -> None:
    told = {"summary": ODD, "links": {"a": [ODD, None, 1.5]}, "details": {}, "credits_delta": -(2**62)}
    (one,), (other,) = events("evt_1", **told), events("evt_2", **told)
    assert models_write(Event, [one], count=1) == [one]
    Event.objects.bulk_create([other])
    assert plain(Event.objects.get(remote_id="evt_1")) == plain(other) | {"remote_id": "evt_1"}


def test_models_get_ids_that_nobody_else_gets(events: Callable[..., list[Event]]) -> None:
    written = models_write(Event, iter(events("evt_1", "evt_2")), count=2)
    (later,) = events("evt_3")
    later.save()
    assert [event.pk for event in written] == [Event.objects.get(remote_id=event.remote_id).pk for event in written]
    assert later.pk > written[1].pk > written[0].pk


def test_nothing_to_write_asks_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert models_write(Event, [], count=0) == []


def test_count_that_is_not_theirs_writes_nothing(events: Callable[..., list[Event]]) -> None:
    with pytest.raises(ValueError, match="zip"), transaction.atomic():
        models_write(Event, events("evt_1"), count=2)
    assert not Event.objects.exists()
