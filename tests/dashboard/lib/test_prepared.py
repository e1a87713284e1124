"""A query whose SQL is kept gives what the same query gives, for whatever values it is asked with."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import Count, F, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.accounts.models import Membership, Role, User, Workspace
from dashboard.agents.models import Claim
from dashboard.lib.asked import listening
from dashboard.lib.prepared import PlannedOnce, Prepared

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_models_come_with_what_they_select_and_annotate(workspace: Workspace, owner: User, viewer: User) -> None:
    rows = Prepared(
        lambda user, role: (
            Membership.objects.filter(user=user, role=role)
            .select_related("workspace")
            .annotate(people=Count("workspace__memberships"))
        )
    )
    for user, role in ((owner, "owner"), (viewer, "viewer"), (viewer, "owner")):
        with CaptureQueriesContext(connection) as captured:
            found = [(one.workspace.name, one.people, one.created_at) for one in rows(user=user.pk, role=role)]
        assert len(captured) == 1
        plain = Membership.objects.filter(user=user, role=role).annotate(people=Count("workspace__memberships"))
        assert found == [(one.workspace.name, one.people, one.created_at) for one in plain]
    assert [one.role for one in rows(user=viewer.pk, role="viewer")] == [Role.VIEWER]


@pytest.mark.django_db
def test_moments_and_ids_are_put_in_as_the_database_takes_them(owner: User, workspace: Workspace) -> None:
    at = Prepared(lambda since: Workspace.objects.filter(created_at__gte=since).values_list("created_at", "name"))
    made = workspace.created_at
    assert at(since=made) == [(made, workspace.name)]
    assert at(since=made + timedelta(microseconds=1)) == []
    key = Prepared(lambda seal: Claim.objects.filter(seal_id=seal).values_list("seal_id", named=True))
    assert key(seal=uuid4()) == []
    assert key(seal=UUID(int=7)) == []


@pytest.mark.django_db
def test_value_that_the_query_changes_is_refused() -> None:
    later = Prepared(lambda at: Workspace.objects.filter(created_at=at + timedelta(days=1)))
    with pytest.raises(ValueError, match="does not hold these values as they are: at"):
        later(at=NOON)


@pytest.mark.django_db
def test_query_that_reads_the_clock_by_itself_is_refused() -> None:
    recent = Prepared(lambda name: Workspace.objects.filter(name=name, created_at__lt=timezone.now()))
    with pytest.raises(ValueError, match="more than its values"):
        recent(name="any")


def test_union_and_expressions_are_read_alike(workspace: Workspace, owner: User) -> None:
    def build(pk: int) -> object:
        named = Workspace.objects.filter(pk=pk).values_list(Value(1), "created_at")
        return named.union(Membership.objects.filter(workspace=pk).values_list(Value(2), F("created_at")), all=True)

    rows = Prepared(build)  # type: ignore[arg-type]
    assert sorted(rows(pk=workspace.pk)) == [
        (1, workspace.created_at),
        (2, owner.memberships.get().created_at),
    ]
    assert rows(pk=0) == []


@pytest.mark.parametrize("name", ["plain", "50% off", "%s %(name)s %%", 'it\'s \\x27 "quoted" $1 ?', "", "Ünïcødé"])
def test_constants_are_found_whatever_is_in_them(name: str, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(name=name)
    rows = Prepared(
        lambda pk: Workspace.objects.filter(pk=pk, name=name).annotate(said=Value(name)).values_list("said")
    )
    assert rows(pk=workspace.pk) == [(name,)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans a statement each time")
def test_postgresql_is_told_the_constants_and_keeps_the_plan_of_nothing_but_prepared_queries(
    workspace: Workspace,
) -> None:
    of_role = Prepared(lambda workspace: Membership.objects.filter(workspace=workspace, role="viewer"))
    of_user = Prepared(lambda user: Membership.objects.filter(user=user, role="buyer"), planned_once=False)
    for _ in range(5):
        assert of_role(workspace=workspace.pk) == of_user(user=0) == list(Membership.objects.filter(role="owner", pk=0))
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%%accounts_membership%%'")
        ((statement,),) = cursor.fetchall()
    assert "'viewer'" in statement
    assert "$1" in statement
    assert "$2" not in statement


def test_sql_stays_planned_once_where_it_is_asked_again(workspace: Workspace) -> None:
    rows = Prepared(lambda pk: Workspace.objects.filter(pk=pk))
    with listening() as asked:
        assert rows(pk=workspace.pk) == [workspace]
    assert [type(one.sql) for one in asked._questions] == [PlannedOnce]
