"""Which ids an event names, and keeping them so that one index finds the event by any."""

from collections.abc import Iterator, Sequence

from api_client import JsonObject
from dashboard.activity.models import Event
from dashboard.lib.bulk import rows_write

MOST_REFERENCES = 50
MAX_LENGTH, MAX_NAME = 200, 40
# Whose an event is leads to everything of theirs: no trail.
OWNERS = ("agt_", "org_")
BATCH = 2_000
COLUMNS = ("workspace_id", "reference", "event_id")


def references_of(event: Event) -> dict[str, str]:
    """Return the ids that an event names, and what each is called; of a broken record at most MOST_REFERENCES."""
    own = (("event", event.remote_id), ("job", event.job_id), ("trace", event.trace_id))
    told = (*own, *_linked(event.links), (event.subject_type or "subject", event.subject_id))
    named: dict[str, str] = {}
    for name, one in told:
        if 0 < len(one) <= MAX_LENGTH and not one.startswith(OWNERS) and len(named) < MOST_REFERENCES:
            named.setdefault(one, name[:MAX_NAME])
    return named


def _linked(links: JsonObject) -> Iterator[tuple[str, str]]:
    for key, value in links.items():
        name = key.removesuffix("s").removesuffix("_id")
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str):
                yield name, one


def references_apply(events: Sequence[Event]) -> None:
    """Keep the ids that new events name: as plain rows, for models of five an event would cost more than the event."""
    rows = ((event.workspace_id, reference, event.pk) for event in events for reference in references_of(event))
    if events:
        rows_write("activity_eventreference", COLUMNS, rows)
