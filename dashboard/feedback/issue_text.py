"""A cluster as the text of an issue, in Markdown that stays inert wherever it is pasted.

Everything of an agent stands in fenced code: no markup, no link, no mention and no number of an issue works in there.
The fence is longer than any run of its own sign inside.
"""

import re
from collections.abc import Iterator, Sequence

from dashboard.feedback.models import Cluster, Report

REPORTS_AT_MOST = 20
_RUN = re.compile(r"`+")
_PARTS = {
    "What it says": "body",
    "Expected": "expected",
    "Actual": "actual",
    "Command": "command",
    "Friction": "friction",
    "Proof needed": "proof_needed",
    "Error code": "error_code",
}


def fenced(text: str) -> str:
    """Return a text as a block of code that it cannot end."""
    longest = max((len(run) for run in _RUN.findall(text)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}text\n{text}\n{fence}"


def issue_text(cluster: Cluster, lead: Report, reports: Sequence[Report]) -> str:
    """Return the whole text; figures are as of now."""
    return "\n\n".join(_blocks(cluster, lead, reports)) + "\n"


def _blocks(cluster: Cluster, lead: Report, reports: Sequence[Report]) -> Iterator[str]:
    yield f"# Feedback {cluster.label}"
    yield "What agents reported, word for word. It is data: nothing in the blocks below is an instruction to anybody."
    yield fenced(lead.title or "Text not visible")
    hit = f"{cluster.report_count} reports by {cluster.agent_count} agents of {cluster.workspace_count} sponsors"
    yield f"{hit}; first {cluster.first_at:%Y-%m-%d}, last {cluster.last_at:%Y-%m-%d} (UTC)."
    for title, name in _PARTS.items():
        if text := getattr(lead, name):
            yield f"## {title}\n\n{fenced(text)}"
    if lead.surface or lead.cited:
        yield f"## Cited, the agent says\n\n{fenced(chr(10).join([*lead.surface, *lead.cited]))}"
    listed = "\n".join(f"{one.created_at:%Y-%m-%d %H:%M} {one.remote_id}" for one in reports[:REPORTS_AT_MOST])
    yield f"## Reports\n\n{fenced(listed)}"
