"""Fills a database, signs two people in, and writes down as JSON what is measured: `main PLAN ROWS`, Django set up."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from django.utils import timezone

from dashboard.accounts.answers import ANSWERS
from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.assets.gallery_months import gallery_months
from dashboard.credits.models import Purchase
from dashboard.lib.paging import cursor_to
from tools.bench import data

HOST = "dashboard.example.com"
PAGE_ROWS = 50


def main() -> None:
    plan, rows = Path(sys.argv[1]), int(sys.argv[2])
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    if not User.objects.filter(email=data.SPONSOR).exists():
        print(f"Filling {rows:,} events ...", flush=True)
        data.fill(rows)
    plan.write_text(json.dumps(_plan()))


def _plan() -> dict[str, Any]:
    """Addresses by name with the cookies of who opens them, which of them may be given again as they are, how many
    statements each asks, and of the ledger page its SQL and size in bytes."""
    sponsor, desk = browser(data.SPONSOR), browser(data.DESK)
    largest, median = Workspace.objects.filter(memberships__user__email=data.SPONSOR).order_by("pk")[:2]
    agent = Claim.objects.filter(workspace=largest).earliest("pk").agent
    purchase = Purchase.objects.filter(workspace=largest, origin=Purchase.Origin.SPONSOR).latest("opened_at")
    ledger = reverse("activity:event_list", args=[largest.key])
    gallery = reverse("gallery:gallery", args=[largest.key])
    pages = {
        "auth_floor": (sponsor, "/bench/auth/"),
        "ledger": (sponsor, ledger),
        "ledger_deepest": (sponsor, f"{ledger}?page={_deepest(largest)}"),
        "ledger_median": (sponsor, reverse("activity:event_list", args=[median.key])),
        "ledger_filtered": (sponsor, f"{ledger}?type=asset.created"),
        "ledger_months": (sponsor, reverse("activity:event_months", args=[largest.key])),
        "search_common": (sponsor, f"{ledger}?text=image+created"),
        "search_miss": (sponsor, f"{ledger}?text=no+such+words"),
        "admin_lean": (sponsor, "/bench/lean/"),
        "overview": (sponsor, reverse("web:overview", args=[largest.key])),
        "agent": (sponsor, reverse("web:agent_detail", args=[largest.key, agent.remote_id])),
        "inbox": (sponsor, reverse("web:inbox", args=[largest.key])),
        "gallery": (sponsor, gallery),
        "gallery_month": (sponsor, f"{gallery}?page={_month_jump(largest)}"),
        "purchase": (sponsor, reverse("credits:purchase_detail", args=[largest.key, purchase.key])),
        "purchase_list": (sponsor, reverse("credits:purchase_list", args=[largest.key])),
        "receipts": (sponsor, reverse("receipts:receipt_list", args=[largest.key])),
        "balance": (sponsor, reverse("balance:balance_detail", args=[largest.key, agent.remote_id])),
        "feedback_queue": (desk, reverse("feedback:queue")),
        "feedback_search": (desk, f"{reverse('feedback:queue')}?text=seed+ignored"),
        "feedback_miss": (desk, f"{reverse('feedback:queue')}?text=zanzibar"),
        "feedback_facet": (desk, f"{reverse('feedback:queue')}?surface=docs"),
        "billing_desk": (desk, reverse("billing:desk")),
    }
    asked = {name: _sql_and_size(visitor, path) for name, (visitor, path) in pages.items()}
    sql, size = asked["ledger"]
    return {
        "pages": {name: [cookies(visitor), path] for name, (visitor, path) in pages.items()},
        "kept": [name for name, (_, path) in pages.items() if _is_kept(path)],
        "statements": {name: len(statements) for name, (statements, _) in asked.items()},
        "ledger_sql": sql,
        "ledger_bytes": size,
    }


def _is_kept(path: str) -> bool:
    return getattr(resolve(path.partition("?")[0]).func, "is_kept_answer", False)


def browser(email: str) -> Client:
    """A browser with a session of its own, and the CSRF cookie that its first page brings."""
    visitor = Client(headers={"host": HOST})
    visitor.force_login(User.objects.get(email=email))
    visitor.get(reverse("web:profile"), secure=True)
    return visitor


def cookies(visitor: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in visitor.cookies.items())


def _deepest(workspace: Workspace) -> str:
    """The cursor of the page that ends with the oldest event."""
    oldest = Event.objects.filter(workspace=workspace).order_by("occurred_at", "pk")
    return cursor_to("o", oldest[PAGE_ROWS], "occurred_at")


def _month_jump(workspace: Workspace) -> str:
    """The cursor of the gallery's last month but one, as its scrubber leads there."""
    with timezone.override("UTC"):
        return gallery_months(workspace)[0][-2].cursor


def _sql_and_size(visitor: Client, path: str) -> tuple[list[str], int]:
    visitor.get(path, secure=True)
    # As it is made, not as it is given again.
    ANSWERS.clear()
    with CaptureQueriesContext(connection) as captured:
        page = visitor.get(path, secure=True)
    if page.status_code != 200:
        raise RuntimeError(f"{path} answers {page.status_code}")
    return [query["sql"] for query in captured.captured_queries], len(page.content)
