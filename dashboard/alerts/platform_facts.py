"""What is so now for the people who run the service: over all workspaces, one statement a kind."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count

from api_client.errors import CONTRACT_MISMATCH, NOT_AN_ENVELOPE
from dashboard.activity.models import Event
from dashboard.alerts.facts import (
    CHUNK,
    OCCURRENCES_OPEN,
    Fact,
    Reader,
    agents_followed,
    balances,
    dispute,
    late_and_stale,
    purchase_stuck,
    stale_fact,
)
from dashboard.alerts.kinds import Kind
from dashboard.alerts.platform_kinds import (
    BILLING_DISPUTE,
    BILLING_NEGATIVE,
    BILLING_QUIET,
    BILLING_STUCK,
    BROKEN_LINES,
    CONTRACT_BREACH,
    CRITICAL_FEEDBACK,
    OPERATOR_SYNC_STALE,
    SERVICE_AWAY,
    UNKNOWN_EVENT,
)
from dashboard.billing.inbox import quiet_get
from dashboard.feedback.models import Cluster, Level
from dashboard.feedback.models import Place as FeedbackPlace
from dashboard.feedback.models import State as FeedbackState
from dashboard.freshness.models import KnownGap, Outage, Stream, SyncCursor
from dashboard.lib.glossary import is_published

# An outage of some seconds is over before anybody could look.
AWAY_AFTER = timedelta(minutes=5)
TYPES_LOOKED_AT = 200
# Each step finds the next type in the index: as quick for a million events as for ten.
_TYPES = """
WITH RECURSIVE found (type) AS (
    SELECT min(type) FROM {table}
    UNION ALL
    SELECT (SELECT min(type) FROM {table} WHERE type > found.type) FROM found WHERE found.type IS NOT NULL
)
SELECT type FROM found WHERE type IS NOT NULL LIMIT {most}
"""


def _of_platform(facts: Iterator[Fact]) -> Iterator[Fact]:
    return (replace(fact, workspace_id=None, agent_id=None) for fact in facts)


def billing_dispute(now: datetime) -> Iterator[Fact]:
    return _of_platform(dispute(now))


def billing_stuck(now: datetime) -> Iterator[Fact]:
    return _of_platform(purchase_stuck(now))


def billing_negative(_now: datetime) -> Iterator[Fact]:
    return _of_platform(balances(BILLING_NEGATIVE))


def billing_quiet(now: datetime) -> Iterator[Fact]:
    """Yield that webhooks stay away; nothing while they come as usual."""
    quiet = quiet_get()
    if quiet is None:
        return
    silence = now - quiet.since if quiet.since else timedelta()
    yield Fact(None, "stripe", "Stripe", 1, {"missed": quiet.missed, "hours": silence // timedelta(hours=1)})


def operator_sync_stale(now: datetime) -> Iterator[Fact]:
    row = agents_followed().aggregate(**late_and_stale(now))
    yield stale_fact(None, "agents", "All workspaces", row)


def service_away(now: datetime) -> Iterator[Fact]:
    for outage in Outage.objects.filter(opened_at__lte=now - AWAY_AFTER):
        yield Fact(None, outage.service, outage.service.capitalize(), 1)


def contract_breach(_now: datetime) -> Iterator[Fact]:
    """Yield each way in which answers break the contract, with how many streams it stops."""
    broken = SyncCursor.objects.filter(error_code__in=[CONTRACT_MISMATCH, NOT_AN_ENVELOPE], stopped="")
    for row in broken.values("error_code").annotate(streams=Count("pk")).order_by("error_code"):
        yield Fact(None, row["error_code"], row["error_code"], 1, {"streams": row["streams"]})


def unknown_event(_now: datetime) -> Iterator[Fact]:
    """Yield the types of events that the contract does not publish; they are kept and shown all the same."""
    with connection.cursor() as cursor:
        cursor.execute(_TYPES.format(table=Event._meta.db_table, most=TYPES_LOOKED_AT))  # noqa: SLF001
        types = [str(row[0]) for row in cursor.fetchall()]
    for name in types:
        if not is_published("event_type", name):
            yield Fact(None, name, name, 1)


def broken_lines(now: datetime) -> Iterator[Fact]:
    """Yield that lines of ledgers could not be read, while it is news: of how many."""
    missing = KnownGap.objects.filter(stream=Stream.AGENT, noticed_at__gte=now - OCCURRENCES_OPEN).exclude(line="")
    agents = missing.aggregate(agents=Count("subject_id", distinct=True))["agents"]
    if agents:
        yield Fact(None, "lines", "Lines of ledgers", 1, {"agents": agents})


def critical_feedback(_now: datetime) -> Iterator[Fact]:
    """Yield what agents call critical and nobody has triaged, by its number: never by what agents wrote."""
    untouched = Cluster.objects.filter(
        place=FeedbackPlace.OPEN,
        said_severity=Level.CRITICAL,
        state__in=[FeedbackState.NEW, FeedbackState.REGRESSED],
    )
    for cluster in untouched.order_by("pk").iterator(chunk_size=CHUNK):
        yield Fact(None, str(cluster.pk), cluster.label, 1, {"agents": max(cluster.agent_count, 1)})


PLATFORM_READERS: dict[Kind, Reader] = {
    BILLING_DISPUTE: billing_dispute,
    BILLING_STUCK: billing_stuck,
    BILLING_NEGATIVE: billing_negative,
    BILLING_QUIET: billing_quiet,
    OPERATOR_SYNC_STALE: operator_sync_stale,
    SERVICE_AWAY: service_away,
    CONTRACT_BREACH: contract_breach,
    UNKNOWN_EVENT: unknown_event,
    BROKEN_LINES: broken_lines,
    CRITICAL_FEEDBACK: critical_feedback,
}
