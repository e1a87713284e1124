"""Notes to billing, with what billing alone may know: the credits spent around what was reported."""

from collections.abc import Sequence

from django.db.models import Sum

from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.feedback.models import Goodwill, Report
from dashboard.lib.paging import Page, page_get
from dashboard.lib.spent import CHARGE
from dashboard.support.models import Thread

PAGE_SIZE = 30
REPORTS_LOOKED_AT = 500


def goodwill_page(*, cursor: str) -> Page[Goodwill]:
    """Return a page of notes, newest first; for billing alone."""
    notes = Goodwill.objects.select_related("workspace", "thread", "written_by", "settled_by")
    return page_get(notes, by="written_at", cursor=cursor, size=PAGE_SIZE)


def goodwill_list(thread: Thread) -> list[Goodwill]:
    """Return the notes beside a thread, newest first; for billing alone."""
    notes = thread.goodwills.select_related("workspace", "thread", "written_by", "settled_by")
    return list(notes.order_by("-written_at", "-pk")[:PAGE_SIZE])


def spent_around(notes: Sequence[Goodwill]) -> dict[int, int]:
    """Return by note the credits that the jobs cost which the agent cites in these reports, as its ledger tells."""
    notes = [note for note in notes if note.cluster_id]
    agents = {note.agent_remote_id for note in notes}
    reports = Report.objects.filter(cluster__in={note.cluster_id for note in notes}, agent_remote_id__in=agents)
    jobs: dict[tuple[int | None, str], set[str]] = {}
    for cluster, agent, cited in reports.values_list("cluster_id", "agent_remote_id", "cited")[:REPORTS_LOOKED_AT]:
        jobs.setdefault((cluster, agent), set()).update(one for one in cited if one.startswith("job_"))
    cited_jobs = set().union(*jobs.values())
    charges = Event.objects.filter(agent__remote_id__in=agents, type=CHARGE, job_id__in=cited_jobs).order_by()
    summed = charges.values_list("agent__remote_id", "job_id").annotate(Sum("credits_delta"))
    costs = {(agent, job): -(delta or 0) for agent, job, delta in summed}
    return {
        note.pk: sum(
            costs.get((note.agent_remote_id, job), 0) for job in jobs.get((note.cluster_id, note.agent_remote_id), ())
        )
        for note in notes
    }


def agent_names(remote_ids: set[str]) -> dict[str, str]:
    """Return the names of agents that somebody has linked, by their remote ids."""
    return {agent.remote_id: agent.display_name for agent in Agent.objects.filter(remote_id__in=remote_ids)}
