"""The probes: quick, quiet, and true when the database is not there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.test import Client as Browser

from dashboard.freshness.services import heartbeat_beat

pytestmark = pytest.mark.django_db


@pytest.fixture
def database_away(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every statement fail as a driver does that lost its server."""

    def fail(*_: Any) -> None:
        raise request.param("server closed the connection: user=dashboard host=db.internal")

    with connection.execute_wrapper(fail):
        yield


def test_ready_when_a_worker_was_seen() -> None:
    heartbeat_beat("worker")
    answer = Browser().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": True, "migrations": True, "worker": True})


def test_not_ready_without_a_worker() -> None:
    answer = Browser().get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, False)


@pytest.mark.parametrize("database_away", [OperationalError, InterfaceError, DatabaseError], indirect=True)
def test_not_ready_without_a_database_and_says_nothing_about_it(database_away: None) -> None:
    answer = Browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": False, "migrations": False, "worker": False}


@pytest.mark.parametrize("database_away", [OperationalError], indirect=True)
def test_process_is_alive_without_a_database(database_away: None) -> None:
    assert Browser().get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probe_may_ask_for_the_head_alone(path: str) -> None:
    heartbeat_beat("worker")
    assert Browser().head(path).status_code == 200
