"""What was asked is asked again: alike as long as the database says the same, and never believed where it was not."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from dashboard.accounts.models import User, Workspace
from dashboard.lib.asked import Asked, listening

pytestmark = pytest.mark.django_db


def people(count: int) -> list[User]:
    return [User.objects.create(email=f"p{number}@example.test", name=f"Person {number}") for number in range(count)]


def heard(ask: Callable[[], Any]) -> Asked:
    with listening() as asked:
        ask()
    return asked


READINGS: dict[str, Callable[[], Any]] = {
    "all": lambda: list(User.objects.order_by("pk")),
    "one": lambda: User.objects.filter(name="Person 1").first(),
    "values": lambda: list(User.objects.order_by("pk").values_list("name", "created_at")),
    "streamed": lambda: [one.name for one in User.objects.order_by("pk").iterator(chunk_size=2)],
    "summed": lambda: list(User.objects.exclude(name="").order_by().values("theme").annotate(number=Count("pk"))),
    "united": lambda: list(
        User.objects.filter(name="Person 1").values("name").union(User.objects.filter(pk=-1).values("email"), all=True)
    ),
    "counted": lambda: User.objects.exclude(name="").count(),
    "aggregated": lambda: User.objects.filter(name__contains="%1").aggregate(Count("pk")),
    "raw": lambda: connection.cursor().execute("SELECT name FROM accounts_user WHERE name = %s", ["Person 1"]),
}


@pytest.mark.parametrize("name", [name for name in READINGS if name not in ("raw", "aggregated")])
def test_reading_is_answered_alike_until_it_would_read_something_else(name: str) -> None:
    second = people(5)[1]
    asked = heard(READINGS[name])
    assert asked.only_reads
    assert asked.is_answered_alike()
    Workspace.objects.create(key="elsewhere", name="Elsewhere")
    assert asked.is_answered_alike()
    User.objects.filter(pk=second.pk).update(name="")
    assert not asked.is_answered_alike()
    User.objects.filter(pk=second.pk).update(name="Person 1")
    assert asked.is_answered_alike()


def test_a_text_with_percents_is_asked_again_as_it_was() -> None:
    asked = heard(READINGS["aggregated"])
    assert asked.is_answered_alike()
    User.objects.create(email="percent@example.test", name="100%1")
    assert not asked.is_answered_alike()


def test_what_was_read_in_part_is_not_believed() -> None:
    people(5)
    asked = heard(lambda: next(User.objects.order_by("pk").values_list("pk").iterator(chunk_size=1)))
    assert not asked.is_answered_alike()


def test_statement_whose_rows_nobody_read_is_not_believed() -> None:
    people(2)
    assert not heard(READINGS["raw"]).is_answered_alike()


def statements_until_alike(asked: Asked) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert asked.is_answered_alike()
    return len(captured)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_asked_again_while_nothing_was_committed() -> None:
    second = people(3)[1]
    asked = heard(READINGS["all"])
    assert [statements_until_alike(asked) for _ in range(2)] == [0, 0]
    Workspace.objects.create(key="elsewhere", name="Elsewhere")
    assert [statements_until_alike(asked) for _ in range(2)] == [1, 0]
    User.objects.filter(pk=second.pk).update(name="")
    assert [asked.is_answered_alike() for _ in range(2)] == [False, False]


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_while_it_is_asked_is_not_missed() -> None:
    def ask() -> None:
        assert not User.objects.exists()
        people(1)

    asked = heard(ask)
    assert not asked.is_answered_alike()


def test_nothing_asked_is_answered_alike() -> None:
    assert heard(lambda: None).is_answered_alike()


WRITINGS: dict[str, Callable[[], Any]] = {
    "insert": lambda: people(1),
    "many": lambda: User.objects.bulk_create([User(email="many@example.test")]),
    "update of nothing": lambda: User.objects.filter(pk=-1).update(name="nobody"),
    "something else": lambda: connection.cursor().execute("VALUES (1)"),
}


@pytest.mark.parametrize("name", WRITINGS)
def test_whatever_is_no_select_is_more_than_reading(name: str) -> None:
    assert not heard(WRITINGS[name]).only_reads


def in_a_transaction() -> None:
    with transaction.atomic():
        list(User.objects.all())


def test_transaction_within_another_is_more_than_reading() -> None:
    assert not heard(in_a_transaction).only_reads


@pytest.mark.django_db(transaction=True)
def test_transaction_is_more_than_reading() -> None:
    assert not heard(in_a_transaction).only_reads
    assert heard(READINGS["all"]).only_reads


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows")
def test_lock_of_rows_is_more_than_reading() -> None:
    assert not heard(lambda: list(User.objects.select_for_update())).only_reads


@pytest.mark.parametrize("feature", ["executemany", "callproc", "connection", "lastrowid", "rowcount"])
def test_unknown_feature_of_a_cursor_is_more_than_reading(feature: str) -> None:
    def use() -> None:
        getattr(connection.cursor(), feature, None)

    assert not heard(use).only_reads


def test_connection_is_as_before_afterwards() -> None:
    def fail() -> None:
        assert connection.cursor != before[0]
        raise ZeroDivisionError

    before = connection.cursor, connection.chunked_cursor
    with pytest.raises(ZeroDivisionError):
        heard(fail)
    assert (connection.cursor, connection.chunked_cursor) == before


def test_listening_within_listening_hears_both() -> None:
    people(1)
    with listening() as outer:
        inner = heard(READINGS["streamed"])
        READINGS["counted"]()
    assert inner.is_answered_alike()
    assert outer.is_answered_alike()
    User.objects.update(name="")
    assert not inner.is_answered_alike()
    assert not outer.is_answered_alike()
    assert "cursor" not in vars(connection)


def test_size_grows_with_what_was_answered() -> None:
    few = heard(READINGS["all"]).size
    people(50)
    assert heard(READINGS["all"]).size > few + 50 * 200


@pytest.mark.parametrize("seed", range(8))
def test_alike_means_the_same_whatever_happened_in_between(seed: int) -> None:
    """Many readings are held while rows come, change, change back and go: what is said to be alike reads alike."""
    rng = random.Random(seed)  # noqa: S311 - a play, not a secret
    people(3)
    readings = [ask for name, ask in READINGS.items() if name != "raw"]
    held: list[tuple[Asked, Callable[[], Any], str]] = []
    said = {True: 0, False: 0}
    for _ in range(25):
        rng.choice((rename, rename, come, go))(rng)
        ask = rng.choice(readings)
        held.append((heard(ask), ask, shown(ask)))
        for asked, again, was in held:
            is_alike = asked.is_answered_alike()
            said[is_alike] += 1
            assert not is_alike or shown(again) == was
    assert min(said.values()) > 0


def shown(ask: Callable[[], Any]) -> str:
    def plain(one: Any) -> Any:
        return {k: v for k, v in vars(one).items() if k != "_state"} if isinstance(one, User) else one

    found = ask()
    return json.dumps([plain(one) for one in found] if isinstance(found, list) else plain(found), default=str)


def rename(rng: random.Random) -> None:
    one = rng.choice(User.objects.order_by("pk"))
    User.objects.filter(pk=one.pk).update(name=rng.choice(["", "Person 1", "Person 2", "10%1"]))


def come(rng: random.Random) -> None:
    User.objects.create(email=f"{rng.random()}@example.test", name=rng.choice(["", "Person 1"]))


def go(rng: random.Random) -> None:
    if User.objects.count() > 1:
        rng.choice(User.objects.order_by("pk")).delete()
