"""What each output of a job cost: our division, for the service charges jobs."""

from collections.abc import Iterable

from dashboard.assets.models import Asset, Job


def share_of(charged: int, place: int, outputs: int) -> int:
    """Return the output's credits, at `place` from 0: all shares add up to `charged`, no two differ by over 1."""
    return charged * (place + 1) // outputs - charged * place // outputs


def shares_divide(jobs: Iterable[Job]) -> None:
    """Divide what the ledger says that each job took over its outputs, in their order."""
    charged = {job.pk: job.credits_charged for job in jobs}
    of_job: dict[int, list[Asset]] = {}
    for asset in Asset.objects.filter(job__in=charged.keys()).order_by("pk").only("pk", "job_id", "credits"):
        of_job.setdefault(asset.job_id or 0, []).append(asset)
    for job_pk, assets in of_job.items():
        for place, asset in enumerate(assets):
            asset.credits = share_of(charged[job_pk] or 0, place, len(assets))
    Asset.objects.bulk_update([asset for assets in of_job.values() for asset in assets], ["credits"])
