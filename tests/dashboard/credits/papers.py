"""Receipts and reversals as the background would have written them, and readers of what is made of them."""

import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any

from django.test import Client as Browser
from django.utils import timezone
from pypdf import PdfReader

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.credits.models import Purchase, Receipt, Reversal
from dashboard.lib.export import BYTE_ORDER_MARK
from dashboard.lib.presentation import MINUS

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def agent_made(workspace: Workspace, name: str = "render-bot", *, is_linked: bool = True) -> Agent:
    agent = Agent.objects.create(remote_id=f"agt_{uuid.uuid4().hex[:12]}", organization_id="org_1", name=name)
    workspace.claims.create(agent=agent, claimed_at=NOON, released_at=None if is_linked else timezone.now())
    return agent


def receipt_made(
    workspace: Workspace,
    agent: Agent,
    cents: int = 500,
    *,
    at: datetime = NOON,
    live: bool = True,
    opened_by: User | None = None,
    **more: Any,
) -> Receipt:
    """Write down a receipt; opened by nobody it is the agent's own."""
    mark = uuid.uuid4().hex[:16]
    purchase = Purchase.objects.create(
        workspace=workspace,
        agent=agent,
        origin="sponsor" if opened_by else "agent",
        opened_by=opened_by,
        opened_at=at,
        credits=cents,
        price_cents=cents,
        live_money=live,
        state="succeeded",
        terms=mark,
        quote_id=f"quote_{mark}",
        receipt_id=f"receipt_{mark}",
    )
    kept: dict[str, Any] = {"remote_id": f"receipt_{mark}", "credits": cents, "method": "stripe_checkout", **more}
    return Receipt.objects.create(
        purchase=purchase,
        workspace=workspace,
        agent=agent,
        opened_by=opened_by,
        amount_cents=cents,
        live_money=live,
        issued_at=at,
        **kept,
    )


def event_made(receipt: Receipt, kind: str, *, at: datetime, credits_: int | None = None) -> Event:
    return Event.objects.create(
        agent=receipt.agent,
        workspace=receipt.workspace,
        remote_id=f"event_{uuid.uuid4().hex}",
        type=kind,
        occurred_at=at,
        synced_at=at,
        credits_delta=credits_,
        links={"receipt_id": receipt.remote_id},
    )


def step_made(
    receipt: Receipt, kind: str, cents: int | None, *, at: datetime = NOON, credits_: int | None = None
) -> Reversal:
    """Write down a step of a refund or dispute, with the ledger event that told it."""
    moved = {"refunded": -1, "disputed": -1, "reinstated": 1}.get(kind, 0) * (cents or 0)
    delta = moved if credits_ is None else credits_
    return Reversal.objects.create(
        purchase=receipt.purchase,
        event=event_made(receipt, f"credits.payment_backed_{kind}", at=at, credits_=delta),
        kind=kind,
        credits_delta=delta,
        amount_cents=cents,
        occurred_at=at,
    )


def pdf_text(content: bytes) -> str:
    """Return what a PDF says, spaces made single."""
    return plain(" ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split()))


def plain(text: str) -> str:
    """Return a text with hyphens for minus signs, as it is typed."""
    return text.replace(MINUS, "-")


def csv_of(browser: Browser, address: str) -> list[dict[str, str]]:
    """Press the CSV button and return the rows of the file, the one with the sums last."""
    answer: Any = browser.post(address)
    assert answer["Content-Type"].startswith("text/csv"), answer.status_code
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode().removeprefix(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text, newline="")))
