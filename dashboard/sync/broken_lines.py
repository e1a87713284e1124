"""Lines of a ledger that break the contract so far that they cannot be read: each is a known gap until it can be."""

import json
from datetime import datetime
from hashlib import sha256

from api_client import MalformedEvent
from dashboard.activity.apply import known_ids
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import missing_lines
from dashboard.freshness.services import gap_record, gaps_close
from dashboard.lib.dates import showable
from dashboard.sync.ledger import LedgerReading

# Of a service that breaks every line, so many at a time say enough; and so many of an agent, whatever they hold.
MOST_NOTED, MOST_MISSING = 20, 200


def broken_lines_note(agent_id: int, reading: LedgerReading, *, at: datetime) -> None:
    """Note the lines that were left out of what was read at `at` (UTC), and close the gaps of those that came sound."""
    if not (reading.broken or reading.unknown):
        return
    missing = missing_lines(stream=Stream.AGENT, subject_id=agent_id)
    mended = missing.intersection(record.event_id for record in reading.records)
    if mended:
        gaps_close(stream=Stream.AGENT, subject_id=agent_id, lines=mended)
    oldest = min((record.occurred_at for record in reading.records), default=None)
    most = min(MOST_NOTED, max(MOST_MISSING - len(missing), 0))
    broken = {_name(line): line for line in reading.broken[:most]}
    # One that was sound before is here, and never changes.
    held = missing | (known_ids(agent_id, list(broken)) if broken else set())
    for name, line in broken.items():
        if name not in held:
            told = showable(line.occurred_at) if line.occurred_at else None
            gap_record(
                stream=Stream.AGENT,
                subject_id=agent_id,
                after_at=told or oldest,
                before_at=told or at,
                reason=f"A line of the ledger breaks the contract and was left out ({name}): {line.problem}",
                line=name,
            )


def _name(line: MalformedEvent) -> str:
    """Return a line's own id; without one a mark of what it holds, the same each time that it comes."""
    return line.event_id or sha256(json.dumps(line.raw, sort_keys=True, default=str).encode()).hexdigest()[:16]
