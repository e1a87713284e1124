"""Facts about the work behind ledger lines, which never change themselves: brought by whoever read the work."""

from dashboard.activity.models import WorkFact
from dashboard.activity.rollups import parts_move


def work_fact_write(*, workspace_id: int, agent_id: int, job_id: str, operation: str, capability_id: str) -> None:
    """Note which operation and capability a job was, and file what it took under them; read again it may say more.

    Runs inside the caller's transaction, which holds the agent's row: nobody else counts into its parts meanwhile.
    """
    fact = WorkFact(
        workspace_id=workspace_id, agent_id=agent_id, job_id=job_id, operation=operation, capability_id=capability_id
    )
    parts_move(fact)
    WorkFact.objects.bulk_create(
        [fact],
        update_conflicts=True,
        unique_fields=["workspace", "agent", "job_id"],
        update_fields=["operation", "capability_id"],
    )
