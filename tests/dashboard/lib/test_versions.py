"""A state of the database has one name as long as nothing is committed, and never one that another had."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection, transaction

from dashboard.accounts.models import User
from dashboard.lib.asked import listening
from dashboard.lib.versions import version_seen
from tests.dashboard.lib.test_asked import people

pytestmark = pytest.mark.django_db(transaction=True)
Seen = TypeVar("Seen")


def elsewhere(do: Callable[[], Seen]) -> Seen:
    """Do something over a connection of its own."""

    def inner() -> Seen:
        try:
            return do()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(inner).result()


def test_nothing_committed_is_the_same_state() -> None:
    people(1)
    assert version_seen() == version_seen() is not None


@pytest.mark.parametrize("where", [lambda do: do(), elsewhere], ids=["by itself", "by another"])
def test_whatever_is_committed_makes_another(where: Callable[[Callable[[], object]], object]) -> None:
    seen = {version_seen()}
    people(2)
    for do in (
        lambda: User.objects.create(email="one@more.test"),
        lambda: User.objects.update(name="Somebody"),
        lambda: User.objects.all().delete(),
    ):
        where(do)
        version = version_seen()
        assert version not in seen
        seen.add(version)


def test_reading_makes_no_other() -> None:
    people(1)
    before = version_seen()
    assert elsewhere(lambda: list(User.objects.all()))
    assert list(User.objects.all())
    assert version_seen() == before


def test_transaction_has_no_name_and_one_rolled_back_leaves_none_behind() -> None:
    with transaction.atomic():
        people(1)
        assert version_seen() is None
        transaction.set_rollback(True)
    after = version_seen()
    people(1)
    assert version_seen() != after


def test_new_connection_has_no_name_of_the_old_one_though_it_counts_from_the_same() -> None:
    seen = {version_seen()}
    for number in range(5):
        User.objects.create(email=f"{number}@example.test")
        connection.close()
        version = version_seen()
        assert version not in seen
        seen.add(version)


def test_whoever_listens_hears_nothing_of_it() -> None:
    with listening() as asked:
        version_seen()
    assert asked.only_reads
