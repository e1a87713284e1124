"""What stands around the pictures of every gallery page, in one query: the agents to choose from, and what waits."""

from typing import NamedTuple

from django.utils import timezone

from dashboard.accounts.models import Workspace
from dashboard.agents.models import shown_name
from dashboard.agents.selectors import agent_list_ever
from dashboard.credits.waiting import waiting_in
from dashboard.lib.prepared import Prepared

MOST_NAMED = 200


class Head(NamedTuple):
    """`names` are (remote id, shown name) of agents; `waiting` is None where no agent is there to wait."""

    names: tuple[tuple[str, str], ...]
    waiting: int | None


def head_get(workspace: Workspace) -> Head:
    """Return the agents that a workspace holds or held, by name, MOST_NAMED at most; and how much waits for people."""
    rows = _head(workspace=workspace.pk, at=timezone.now())
    names = tuple((remote_id, shown_name(name, remote_id)) for remote_id, name, _ in rows)
    return Head(names, rows[0][2] if rows else None)


_head: Prepared[tuple[str, str, int]] = Prepared(
    lambda workspace, at: (
        agent_list_ever(Workspace(pk=workspace))
        .annotate(waiting=waiting_in(workspace, at))
        .order_by("name", "pk")
        .values_list("remote_id", "name", "waiting")[:MOST_NAMED]
    )
)
