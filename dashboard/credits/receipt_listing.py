"""The list of receipts: a page of lines, and what all that the filter finds come to."""

from typing import Any

from dashboard.accounts.models import Workspace
from dashboard.credits.lines import ReceiptLine
from dashboard.credits.receipt_figures import Figures, figures_get, figures_query, figures_told, receipts_figured
from dashboard.credits.receipt_forms import ReceiptFilterForm
from dashboard.credits.selectors import PAGE_SIZE, receipt_list
from dashboard.lib.paging import Page, page_first, page_of_lines
from dashboard.lib.prepared import Prepared


def receipt_page(form: ReceiptFilterForm, *, cursor: str) -> Page[ReceiptLine]:
    """Return a page of what a valid form asks for, newest first."""
    if cursor or form.said:
        return page_of_lines(receipts_figured(form.rows), ReceiptLine, by="issued_at", cursor=cursor, size=PAGE_SIZE)
    rows = [ReceiptLine._make(row) for row in _newest(workspace=form.workspace.pk)]
    return page_first(rows, "issued_at", PAGE_SIZE)


def receipt_sums(form: ReceiptFilterForm) -> Figures | None:
    """Return what a valid form's receipts come to; None for test settlements, which are in no sum."""
    if not form.is_live:
        return None
    return figures_get(form.rows) if form.said else figures_told(_all_sums(workspace=form.workspace.pk))


# What is looked at most, by far: everything, the newest first.
_newest: Prepared[tuple[Any, ...]] = Prepared(
    lambda workspace: (
        receipts_figured(receipt_list(Workspace(pk=workspace)))
        .order_by("-issued_at", "-pk")
        .values_list(*ReceiptLine._fields)[: PAGE_SIZE + 1]
    )
)
_all_sums: Prepared[tuple[Any, ...]] = Prepared(lambda workspace: figures_query(receipt_list(Workspace(pk=workspace))))
