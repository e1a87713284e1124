"""Receipts and statements as rows of a file. Sums stand on the last row, in columns of their own: whoever adds a
column up gets what it holds, and not its double. Figures are whole cents and credits, none is below zero."""

from collections.abc import Iterator
from datetime import UTC

from django.db.models import QuerySet

from dashboard.accounts.models import Workspace
from dashboard.credits.buyer import BuyerBook
from dashboard.credits.models import BuyerDetails, Purchase, Receipt
from dashboard.credits.receipt_figures import Figures, receipts_figured
from dashboard.credits.statement import Statement
from dashboard.lib.paging import rows_stream

BATCH = 500
SUMS = ("receipts", "granted_credits", "paid_cents", "back_cents", "back_credits", "net_cents")
SUM_COLUMNS = tuple(f"total_{name}" for name in SUMS)
_FIGURES = ("granted_credits", "paid_cents", "back_cents", "back_credits")
_IDS = ("quote_id", "payment_attempt_id", "checkout_session_id")
RECEIPT_COLUMNS = (
    *("receipt_id", "issued_at", "agent_id", "agent", "opened_by", "method", "live_money", "currency"),
    *_FIGURES,
    *("credit_event_id", *_IDS, "buyer_name", "buyer_address", "buyer_tax_id", "order_number"),
    *SUM_COLUMNS,
)
STATEMENT_COLUMNS = ("month", "agent_id", "agent", "receipts", *_FIGURES, *SUM_COLUMNS)


def receipt_rows(workspace: Workspace, receipts: QuerySet[Receipt]) -> Iterator[dict[str, object]]:
    """Yield a row a receipt, newest first, then one of sums, which hold live US dollars alone."""
    book, sums = BuyerBook(workspace), Figures()
    for receipt in rows_stream(receipts_figured(receipts), by="issued_at", batch=BATCH):
        figures = _figures_of(receipt)
        sums += figures if receipt.is_counted else Figures()
        told = figures if receipt.live_money else Figures(granted_credits=receipt.credits)
        yield _row(RECEIPT_COLUMNS, {**_receipt_cells(receipt, book.at(receipt.issued_at)), **_cells(told)})
    yield _row(RECEIPT_COLUMNS, _sum_cells(sums))


def statement_rows(statement: Statement) -> Iterator[dict[str, object]]:
    """Yield a row an agent, then one of sums."""
    month = str(statement.month)
    for row in statement.rows:
        named = {"month": month, "agent_id": row.agent.remote_id, "agent": row.name, "receipts": row.figures.receipts}
        yield _row(STATEMENT_COLUMNS, {**named, **_cells(row.figures)})
    yield _row(STATEMENT_COLUMNS, _sum_cells(statement.moved))


def _row(columns: tuple[str, ...], cells: dict[str, object]) -> dict[str, object]:
    return dict.fromkeys(columns) | cells


def _figures_of(receipt: Receipt) -> Figures:
    back: dict[str, int] = {name: getattr(receipt, name) for name in ("back_cents", "back_credits")}
    return Figures(1, receipt.amount_cents, receipt.credits, **back)


def _cells(figures: Figures) -> dict[str, object]:
    return {name: getattr(figures, name) for name in _FIGURES}


def _sum_cells(figures: Figures) -> dict[str, object]:
    return {f"total_{name}": getattr(figures, name) for name in SUMS}


def _receipt_cells(receipt: Receipt, buyer: BuyerDetails | None) -> dict[str, object]:
    purchase = receipt.purchase
    is_agents = purchase.origin == Purchase.Origin.AGENT
    return {
        "receipt_id": receipt.remote_id,
        "issued_at": receipt.issued_at.astimezone(UTC).isoformat(),
        "agent_id": receipt.agent.remote_id,
        "agent": receipt.agent.display_name,
        "opened_by": "the agent" if is_agents else receipt.opened_by and receipt.opened_by.display_name,
        "method": receipt.method,
        "live_money": receipt.live_money,
        "currency": receipt.currency,
        "credit_event_id": receipt.credit_event_id,
        **{name: getattr(purchase, name) for name in _IDS},
        "buyer_name": buyer and buyer.name,
        "buyer_address": buyer and buyer.address,
        "buyer_tax_id": buyer and buyer.tax_id,
        "order_number": buyer and buyer.order_number,
    }
