"""The database refuses to change history, whoever asks; retention opens it for its own transaction alone."""

import threading

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.audit.models import AuditEntry
from dashboard.audit.services import audit_record
from dashboard.lib.history import history_open

pytestmark = pytest.mark.django_db
HISTORY = (AuditEntry, Event)


@pytest.fixture
def rows(workspace: Workspace) -> dict[type[models.Model], int]:
    """One row of each kind of history."""
    agent = Agent.objects.create(remote_id="agt_1", organization_id="org_1")
    event = Event.objects.create(
        agent=agent,
        workspace=workspace,
        remote_id="evt_1",
        type="job.planned",
        occurred_at=timezone.now(),
        synced_at=timezone.now(),
    )
    entry = audit_record(action="test.done", actor=None, subject=("test", "1", "one"))
    return {Event: event.pk, AuditEntry: entry.pk}


def changes(model: type[models.Model], pk: int) -> list[str]:
    table = model._meta.db_table
    column = "type" if model is Event else "action"
    return [f"UPDATE {table} SET {column} = 'x' WHERE id = {pk}", f"DELETE FROM {table} WHERE id = {pk}"]


@pytest.mark.parametrize("model", HISTORY)
def test_change_and_removal_are_refused_to_code_and_to_bare_sql(
    model: type[models.Model], rows: dict[type[models.Model], int]
) -> None:
    row = model._default_manager.filter(pk=rows[model])
    before = list(row.values())
    for statement in changes(model, rows[model]):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.get().save()
    assert list(row.values()) == before


@pytest.mark.parametrize("model", HISTORY)
def test_retention_opens_history_and_leaves_it_closed(
    model: type[models.Model], rows: dict[type[models.Model], int]
) -> None:
    row = model._default_manager.filter(pk=rows[model])
    with history_open(by="test"):
        row.delete()
    assert not row.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM history_switch")
        assert cursor.fetchone()[0] == 0


def test_retention_that_fails_takes_everything_back_and_leaves_history_closed(
    rows: dict[type[models.Model], int],
) -> None:

    def retention() -> None:
        with history_open(by="test"):
            AuditEntry.objects.filter(pk=rows[AuditEntry]).delete()
            AuditEntry.objects.get(pk=rows[AuditEntry])

    with pytest.raises(AuditEntry.DoesNotExist):
        retention()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(pk=rows[AuditEntry]).delete()
    assert AuditEntry.objects.filter(pk=rows[AuditEntry]).exists()


@pytest.mark.django_db(transaction=True)
def test_history_is_open_to_nobody_beside_the_one_who_opened_it(rows: dict[type[models.Model], int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM history_switch")
    is_open, may_close, outcomes = threading.Event(), threading.Event(), list[str]()

    def elsewhere() -> None:
        is_open.wait(10)
        if connection.vendor == "sqlite":
            # A second writer waits for the first one's end there.
            may_close.set()
        try:
            AuditEntry.objects.filter(pk=rows[AuditEntry]).update(action="x")
            outcomes.append("changed")
        except DatabaseError as error:
            outcomes.append("refused" if "append-only" in str(error) else str(error))
        finally:
            may_close.set()
            connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with history_open(by="test"):
        is_open.set()
        may_close.wait(10)
    thread.join()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO history_switch (opened_by) VALUES ('test clean-up')")
    assert outcomes == ["refused"]
