"""A long list of texts finds what `__in` finds, each text by its own step in the index."""

import re
from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from dashboard.activity.models import Event, EventReference
from dashboard.activity.references import references_apply
from dashboard.agents.models import Claim
from dashboard.lib.history import history_open
from dashboard.lib.probing import probed

pytestmark = pytest.mark.django_db
ODD = ["'quote'", 'say "so"', "back\\slash", "{1,2}", "[1]", "null", "", " ", "100% %s", "tab\tline\n", "ü", "🙂", "7"]


@pytest.fixture
def named(link: Callable[..., Claim]) -> Callable[..., Claim]:
    """Return a function that links an agent whose ledger tells events of these ids, and nothing more."""

    def make(*remote_ids: str) -> Claim:
        claim, now = link(), timezone.now()
        owned = {"agent_id": claim.agent_id, "workspace_id": claim.workspace_id}
        events = [Event(remote_id=one, occurred_at=now, synced_at=now, **owned) for one in remote_ids]
        references_apply(Event.objects.bulk_create(events))
        return claim

    return make


def found(claim: Claim, wanted: Collection[str]) -> set[str]:
    mine = probed(Event, "remote_id", wanted, agent_id=claim.agent_id)
    return set(Event.objects.filter(mine).values_list("remote_id", flat=True))


def test_each_odd_text_is_found_and_nothing_like_it(named: Callable[..., Claim]) -> None:
    claim = named(*ODD, "plain", "NULL", "u")
    assert {one: found(claim, [one]) for one in ODD} == {one: {one} for one in ODD}


@pytest.mark.parametrize("kind", [list, set, tuple, dict.fromkeys], ids=["list", "set", "tuple", "keys"])
def test_any_collection_will_do(kind: Callable[[list[str]], Collection[str]], named: Callable[..., Claim]) -> None:
    assert found(named("plain", *ODD), kind([*ODD, "nobody", "nobody"])) == set(ODD)


def test_another_owner_has_nothing_of_it(named: Callable[..., Claim]) -> None:
    named("evt_1")
    assert found(named("evt_2"), ["evt_1", "evt_2"]) == {"evt_2"}


def test_empty_list_asks_nothing(named: Callable[..., Claim], django_assert_num_queries: Callable[..., Any]) -> None:
    claim = named("plain", "")
    with django_assert_num_queries(0):
        assert found(claim, []) == set()


def test_list_may_be_longer_than_a_statement_has_places(named: Callable[..., Claim]) -> None:
    assert found(named("plain", "other"), ["plain", *(f"evt_{number}" for number in range(300_000))]) == {"plain"}


@pytest.mark.parametrize(
    ("owners", "are_left"),
    [([], True), ([2_000], True), ([1] * 60, True), ([2_000], False)],
    ids=["nobody", "one", "many small ones", "one that is gone"],
)
def test_agent_that_statistics_do_not_know_yet_is_not_read_whole(
    named: Callable[..., Claim], owners: list[int], are_left: bool
) -> None:
    for place, size in enumerate(owners):
        named(*(f"evt_{place}_{number}" for number in range(size)))
    if not are_left:
        with history_open(by="test"):
            Event.objects.all().delete()
    if owners:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    claim = named(*(f"evt_{number}" for number in range(3_000)))
    wanted = [f"evt_{number}" for number in range(2_500, 3_500)]
    events = Event.objects.filter(probed(Event, "remote_id", wanted, agent_id=claim.agent_id))
    named_by = probed(EventReference, "reference", wanted, take="event_id", workspace_id=claim.workspace_id)
    references = Event.objects.filter(named_by)
    if connection.vendor == "postgresql":
        assert re.search(r"Index Cond: \(\(agent_id = [^)]*\) AND .*remote_id", events.explain())
        assert re.search(r"Index Cond: \(\(workspace_id = [^)]*\) AND .*reference", references.explain())
    else:
        assert "(agent_id=? AND remote_id=?)" in events.explain()
        assert "(workspace_id=? AND reference=?)" in references.explain()
