"""Facts about the work behind ledger lines, which never change themselves: brought by whoever read the work."""

from dashboard.activity.models import WorkFact


def work_fact_write(*, workspace_id: int, job_id: str, operation: str, capability_id: str, model: str) -> None:
    """Note which operation, capability and, where told, model a job was; read again it may say more."""
    WorkFact.objects.update_or_create(
        workspace_id=workspace_id,
        job_id=job_id,
        defaults={"operation": operation, "capability_id": capability_id, "model": model},
    )
