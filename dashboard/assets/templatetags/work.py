"""`{% load work %}`: from the ids that the ledger names to the pages of jobs and assets, where the mirror has them."""

from collections.abc import Iterable, Mapping

from django import template
from django.db.models import CharField, Value
from django.urls import reverse

from dashboard.accounts.models import Workspace
from dashboard.assets.selectors import asset_list, job_list

register = template.Library()
PAGES = {"job": "assets:job_detail", "asset": "gallery:asset_detail"}
# A job or an asset belongs to one agent, yet nothing keeps two agents of a broken service from one id.
MOST = 100


@register.simple_tag
def work_urls(references: Iterable[str], *, workspace: Workspace) -> dict[str, str]:
    """Return the page of each id that is a job or an asset of the workspace; the others are left out. One query."""
    wanted = list(references)
    jobs, assets = (
        rows.filter(remote_id__in=wanted).values_list("remote_id", "pk", Value(kind, CharField()))
        for rows, kind in ((job_list(workspace), "job"), (asset_list(workspace), "asset"))
    )
    found = jobs.union(assets, all=True)[:MOST]
    return {remote_id: reverse(PAGES[kind], args=[workspace.key, number]) for remote_id, number, kind in found}


@register.filter
def page_of(urls: Mapping[str, str], reference: str) -> str:
    """Return the address among `work_urls` that belongs to an id; empty where there is none."""
    return urls.get(reference, "")
