"""From the ids that an event names to the pages of what bears them, whichever room that is."""

from collections.abc import Collection, Iterator
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import CharField, Q, Value
from django.urls import reverse

from dashboard.activity.models import Event
from dashboard.assets.selectors import asset_list, job_list
from dashboard.credits.models import Purchase, Receipt
from dashboard.feedback.models import Report

WORK = {"job": "assets:job_detail", "asset": "gallery:asset_detail"}
PURCHASE_IDS = ("quote_id", "payment_attempt_id", "checkout_session_id")
TEXT = CharField()
RECEIPT_IDS = ("remote_id", "credit_event_id")


class Lead(NamedTuple):
    """A page of this workspace, and what a link to it says."""

    url: str
    text: str


def leads_of(event: Event, references: Collection[str]) -> dict[str, Lead]:
    """Return where ids that an event names lead, by id; those whose thing is not mirrored here lead nowhere.

    Needs the event's workspace loaded. Four queries.
    """
    found = (*_work(event, references), *_purchases(event, references), *_receipts(event, references))
    return dict((*found, *_feedback(event, references)))


def _work(event: Event, references: Collection[str]) -> Iterator[tuple[str, Lead]]:
    jobs, assets = (
        rows.filter(agent=event.agent_id, remote_id__in=references).values_list("remote_id", "pk", Value(kind, TEXT))
        for rows, kind in ((job_list(event.workspace), "job"), (asset_list(event.workspace), "asset"))
    )
    for remote_id, number, kind in jobs.union(assets, all=True):
        yield remote_id, Lead(reverse(WORK[kind], args=[event.workspace.key, number]), "Its page")


def _purchases(event: Event, references: Collection[str]) -> Iterator[tuple[str, Lead]]:
    """Yield the ids of a payment, found by the index of each: they are one agent's."""
    mine = Purchase.objects.filter(workspace=event.workspace_id, agent=event.agent_id)
    for key, *ids in mine.filter(_by_any(PURCHASE_IDS, references)).values_list("key", *PURCHASE_IDS):
        lead = Lead(reverse("credits:purchase_detail", args=[event.workspace.key, key]), "Its purchase")
        yield from ((one, lead) for one in ids if one in references)


def _receipts(event: Event, references: Collection[str]) -> Iterator[tuple[str, Lead]]:
    mine = Receipt.objects.filter(workspace=event.workspace_id, agent=event.agent_id)
    for key, *ids in mine.filter(_by_any(RECEIPT_IDS, references)).values_list("key", *RECEIPT_IDS):
        lead = Lead(reverse("receipts:receipt_detail", args=[event.workspace.key, key]), "Its receipt")
        yield from ((one, lead) for one in ids if one in references)


def _feedback(event: Event, references: Collection[str]) -> Iterator[tuple[str, Lead]]:
    """A report stands among its workspace's others; one that is looked at in private stands nowhere."""
    mine = Report.objects.filter(workspace=event.workspace_id, cluster__is_private=False)
    page = reverse("feedback:own_list", args=[event.workspace.key])
    for remote_id in mine.filter(remote_id__in=references).values_list("remote_id", flat=True):
        yield remote_id, Lead(f"{page}?{urlencode({'report': remote_id})}", "What became of it")


def _by_any(names: Collection[str], references: Collection[str]) -> Q:
    return Q.create([(f"{name}__in", references) for name in names], connector=Q.OR)
