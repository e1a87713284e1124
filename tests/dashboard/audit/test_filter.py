"""The filter finds what a person would pick out by hand, and its days are those of the viewer's zone."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboard.audit.forms import AuditFilterForm
from dashboard.audit.models import AuditEntry
from dashboard.audit.selectors import COUNT_LIMIT, entry_count, entry_list, entry_stream
from dashboard.audit.services import audit_record
from tests.examples import WITH_FIXTURES

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 28, 20, tzinfo=UTC)
PEOPLE = ("olga@example.com", "otto@example.org")
SUBJECTS = (("agent", "agt_1", "Render-Bot"), ("agent", "agt_2", "render_bot%"), ("user", "7", "vera@example.com"))
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles")


class Person:
    def __init__(self, pk: int, email: str) -> None:
        self.pk, self.email = pk, email


@pytest.fixture
def log() -> list[AuditEntry]:
    """Return forty-eight entries, an hour apart, over a weekend in which Berlin's clocks change."""
    entries = []
    for hour in range(48):
        with time_machine.travel(START + timedelta(hours=hour), tick=False):
            entries.append(
                audit_record(
                    action=("agent.claimed", "agent.released", "claim.refused")[hour % 3],
                    actor=Person(hour % 2, PEOPLE[hour % 2]) if hour % 5 else None,
                    workspace_id=1 + hour % 2,
                    subject=SUBJECTS[hour % 3],
                    refused="wrong phrase" if hour % 3 == 2 else "",
                )
            )
    return entries


DAYS = st.none() | st.dates(date(2026, 3, 27), date(2026, 4, 1))
ASKED = st.fixed_dictionaries(
    {
        "person": st.sampled_from(["", "olga", "OTTO@example.org", "system", "%", "nobody"]),
        "action": st.sampled_from(["", "agent.claimed", "claim.refused"]),
        "subject": st.sampled_from(["", "agt_1", "render", "RENDER_", "%", "7"]),
        "outcome": st.sampled_from(["", "done", "refused"]),
        "since": DAYS,
        "until": DAYS,
    }
)


@given(asked=ASKED, zone=st.sampled_from(ZONES), workspace_id=st.sampled_from([None, 1, 2]))
@hypothesis_settings(WITH_FIXTURES, max_examples=150)
def test_filter_finds_what_one_would_pick_by_hand(
    log: list[AuditEntry], asked: dict[str, object], zone: str, workspace_id: int | None
) -> None:
    here = zoneinfo.ZoneInfo(zone)

    def fits(entry: AuditEntry) -> bool:
        day = entry.at.astimezone(here).date()
        subject, since, until = str(asked["subject"]), asked["since"], asked["until"]
        return (
            workspace_id in {None, entry.workspace_id}
            and str(asked["person"]).lower() in entry.actor_label.lower()
            and asked["action"] in {"", entry.action}
            and asked["outcome"] in {"", entry.outcome}
            and (subject == entry.subject_id or subject.lower() in entry.subject_label.lower())
            and (not isinstance(since, date) or since <= day)
            and (not isinstance(until, date) or day <= until)
        )

    with timezone.override(here):
        form = AuditFilterForm({name: value for name, value in asked.items() if value})
        if not form.is_valid():
            assert asked["since"] > asked["until"], form.errors  # type: ignore[operator]
            return
        found = entry_list(form.wanted, workspace_id=workspace_id)
    assert list(entry_stream(found)) == [entry for entry in reversed(log) if fits(entry)]
    assert entry_count(found) == len(list(found))


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ZONES)
def test_first_and_last_day_of_the_calendar_are_days_like_others(log: list[AuditEntry], day: str, zone: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        form = AuditFilterForm({"since": "0001-01-01", "until": day})
        assert form.is_valid()
        found = entry_list(form.wanted, workspace_id=None)
    assert entry_count(found) == (0 if day.startswith("0001") else len(log))


@pytest.mark.parametrize(
    "asked", [{"since": "yesterday"}, {"action": "rm -rf"}, {"outcome": "perhaps"}, {"person": "a\x00b"}]
)
def test_filter_that_cannot_be_read_is_said_so(asked: dict[str, str]) -> None:
    assert not AuditFilterForm(asked).is_valid()


def test_count_stops_where_it_would_cost_more_than_it_says() -> None:
    one = audit_record(action="agent.claimed", actor=None, subject=SUBJECTS[0])
    fields = {name: getattr(one, name) for name in ("action", "actor_label", "subject_kind", "subject_id", "at")}
    AuditEntry.objects.bulk_create(AuditEntry(**fields, subject_label="x") for _ in range(COUNT_LIMIT + 5))
    assert entry_count(AuditEntry.objects.all()) == COUNT_LIMIT + 1


def test_what_both_sides_name_is_told_side_by_side() -> None:
    entry = audit_record(
        action="agent.relinked", actor=None, subject=SUBJECTS[0], before={"a": 1, "b": 2}, after={"b": 3, "c": None}
    )
    assert entry.changes == [("a", 1, None), ("b", 2, 3), ("c", None, None)]
