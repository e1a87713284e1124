"""Who buys, as receipts say it. Each version is kept: a receipt shows the one that held when it was issued."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.audit.services import audit_record
from dashboard.credits.models import BuyerDetails

BUYER_FIELDS = ("name", "address", "tax_id", "order_number")


class BuyerBook:
    """All versions of a workspace's details, read at once: for a file of many receipts, and for one."""

    def __init__(self, workspace: Workspace) -> None:
        self._versions = list(BuyerDetails.objects.filter(workspace=workspace).order_by("since", "pk"))
        self._moments = [version.since for version in self._versions]

    def at(self, moment: datetime) -> BuyerDetails | None:
        """Return what held at a moment; None where nothing had been given by then."""
        place = bisect_right(self._moments, moment)
        return self._versions[place - 1] if place else None


def buyer_get(workspace: Workspace) -> BuyerDetails:
    """Return the details that new receipts get; unsaved empty ones where no owner has given any."""
    latest = BuyerDetails.objects.filter(workspace=workspace).order_by("-since", "-pk").first()
    return latest or BuyerDetails(workspace=workspace)


def buyer_lines(details: BuyerDetails | None) -> tuple[str, ...]:
    """Return the details as the lines of an address block; empty where there is nothing to say."""
    if details is None:
        return ()
    return _block(details.name, *details.address.splitlines(), tax_id=details.tax_id, order=details.order_number)


def payer_lines(payer: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the service says of the payer (`Receipt.payer`) in the same form."""
    place = [*payer.get("address", "").splitlines(), payer.get("country", "")]
    named = [payer.get("name", ""), payer.get("email", ""), *place]
    return _block(*named, tax_id=payer.get("tax_id", ""), order=payer.get("order_number", ""))


def _block(*lines: str, tax_id: str, order: str) -> tuple[str, ...]:
    named = (("Tax id", tax_id), ("Order number", order))
    return tuple(line for line in (*lines, *(f"{name}: {text}" for name, text in named if text)) if line)


def buyer_change(*, workspace: Workspace, user: User, details: Mapping[str, str]) -> None:
    """Have receipts issued from now on carry these details (BUYER_FIELDS); audited, the same again changes nothing."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        held = buyer_get(workspace)
        before = {name: getattr(held, name) for name in BUYER_FIELDS}
        after = {name: details[name] for name in BUYER_FIELDS}
        if before == after:
            return
        BuyerDetails.objects.create(workspace=workspace, since=timezone.now(), **after)
        audit_record(
            action="buyer_details.changed",
            actor=user,
            workspace_id=workspace.pk,
            subject=("workspace", workspace.key, workspace.name),
            before=before,
            after=after,
        )
