"""Every kind that begins has an end that is told, or says why it has none."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from dashboard.accounts.models import Workspace
from dashboard.alerts.facts import Fact
from dashboard.alerts.kinds import Kind, Occurrence
from dashboard.alerts.models import Alert, Audience, Crossing
from dashboard.alerts.registry import EVERY_KIND
from dashboard.alerts.sweep import EVERY_READER, kind_sweep

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
# Whatever a sentence may name.
FIGURES = {
    **dict.fromkeys(("credits", "jobs", "days", "today", "usual", "figure", "agents", "streams", "missed"), 7),
    "late": 0,
    "hours": 2,
    "is_hard": 0,
    "credits_per_day": 100,
}


def played(kind: Kind, workspace: Workspace, *figures: int | None) -> None:
    """Sweep a kind an hour apart with these figures of one thing; None: it is not found."""
    place = workspace.pk if kind.audience == Audience.WORKSPACE else None
    with time_machine.travel(NOON, tick=False) as clock:
        for figure in figures:
            found = [] if figure is None else [Fact(place, "7", "thing", figure, dict(FIGURES))]
            kind_sweep(kind, lambda _now, found=found: iter(found))  # type: ignore[misc]
            clock.shift(timedelta(hours=1))


def test_every_kind_is_looked_at() -> None:
    assert set(EVERY_READER) == set(EVERY_KIND.values())


@pytest.mark.django_db
@pytest.mark.parametrize("kind", EVERY_KIND.values(), ids=map("-".join, EVERY_KIND))
def test_end_of_each_kind_is_told_or_it_says_why_there_is_none(kind: Kind, workspace: Workspace) -> None:
    # Where a thing that is gone ends nothing, its figure does.
    played(kind, workspace, kind.ladder.marks[-1], kind.ladder.widest if kind.lapses else None)
    ending, changes = Alert.objects.get().ending, list(Crossing.objects.order_by("number"))
    if isinstance(kind.recovered, Occurrence):
        assert kind.recovered.why.endswith(".")
        assert (ending, len(changes)) == ("lapsed", 1)
        return
    began, over = (kind.sentence(one.change, one.level, one.figures) for one in changes)
    assert (ending, changes[-1].change) == ("recovered", "recovered")
    assert over.endswith(".")
    assert over != began


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [kind for kind in EVERY_KIND.values() if kind.lapses], ids=lambda kind: kind.name)
def test_agent_that_is_followed_no_more_has_not_recovered(kind: Kind, workspace: Workspace) -> None:
    played(kind, workspace, kind.ladder.marks[-1], None)
    assert Alert.objects.get().ending == "lapsed"
    assert not Crossing.objects.filter(change="recovered").exists()
