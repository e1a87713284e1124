"""Pages of receipts: the list, one receipt, who it names as the buyer; as PDF and as a file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, MAY_ASK, OWNER_ONLY, Scope, member
from dashboard.accounts.answers import kept_answer
from dashboard.accounts.views import READ_OR_SEND
from dashboard.audit.services import audit_record
from dashboard.credits.buyer import BUYER_FIELDS, BuyerBook, buyer_change, buyer_get
from dashboard.credits.months import Month
from dashboard.credits.paper import Paper, statement_paper
from dashboard.credits.pdf import paper_pdf
from dashboard.credits.receipt_detail import receipt_detail_get
from dashboard.credits.receipt_figures import TOTAL_LIMIT
from dashboard.credits.receipt_files import RECEIPT_COLUMNS, STATEMENT_COLUMNS, receipt_rows, statement_rows
from dashboard.credits.receipt_forms import BuyerForm, ReceiptFilterForm
from dashboard.credits.receipt_listing import receipt_page, receipt_sums
from dashboard.credits.statement import Statement, month_list, statement_get
from dashboard.lib.export import csv_lines


@member(EVERY_ROLE)
@require_GET
@kept_answer
def receipt_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = ReceiptFilterForm(request.GET, workspace=scope.workspace)
    context: dict[str, object] = {"scope": scope, "form": form, "total_limit": TOTAL_LIMIT}
    context["all_url"] = "?money=test" if form.data.get("money") else "?"
    if form.is_valid():
        context["page"] = receipt_page(form, cursor=request.GET.get("page", ""))
        context["figures"] = receipt_sums(form)
        context["is_live"], context["is_filtered"] = form.is_live, form.is_filtered
    return render(request, "credits/receipts/receipt_list.html", context, status=422 if form.errors else 200)


@member(EVERY_ROLE)
@require_POST
def receipt_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """Answer with the receipts of the address's filter as CSV; the log tells of it before the first line leaves."""
    form = ReceiptFilterForm(request.GET, workspace=scope.workspace)
    if not form.is_valid():
        return redirect(f"{reverse('receipts:receipt_list', args=[scope.workspace.key])}?{request.GET.urlencode()}")
    _audit(scope, "receipts.exported", {"filter": form.said})
    lines = csv_lines(RECEIPT_COLUMNS, receipt_rows(scope.workspace, form.rows))
    name = f"receipts-{scope.workspace.key}-{timezone.now():%Y%m%dT%H%M%SZ}"
    return _csv(StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"), name)


@member(EVERY_ROLE)
@require_GET
def receipt_detail(request: HttpRequest, scope: Scope, receipt_key: UUID) -> HttpResponse:
    detail = receipt_detail_get(scope.workspace, receipt_key)
    context = {"scope": scope, "detail": detail, "may_ask": scope.may(MAY_ASK)}
    return render(request, "credits/receipts/receipt_detail.html", context)


@member(EVERY_ROLE)
@require_GET
def receipt_pdf(_request: HttpRequest, scope: Scope, receipt_key: UUID) -> HttpResponse:
    detail = receipt_detail_get(scope.workspace, receipt_key)
    return _pdf(detail.paper, slugify(detail.receipt.remote_id)[:80] or "receipt")


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
def buyer(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Who buys, on receipts from now on."""
    held = buyer_get(scope.workspace)
    form = BuyerForm(request.POST or None, initial={name: getattr(held, name) for name in BUYER_FIELDS})
    if request.method == "POST" and form.is_valid():
        buyer_change(workspace=scope.workspace, user=scope.user, details=form.cleaned_data)
        messages.success(request, "Saved. Receipts from now on carry it.")
        return redirect("receipts:buyer", scope.workspace.key)
    context = {"scope": scope, "form": form, "held": held}
    return render(request, "credits/receipts/buyer.html", context, status=422 if form.errors else 200)


@member(EVERY_ROLE)
@require_GET
def statement(request: HttpRequest, scope: Scope) -> HttpResponse:
    found = _statement(request, scope)
    context = {
        "scope": scope,
        "statement": found,
        "paper": _statement_paper(found),
        "month_text": str(found.month),
        "months": sorted({*month_list(scope.workspace), found.month}, reverse=True),
        "is_running": found.month == Month.now(),
    }
    return render(request, "credits/receipts/statement.html", context)


@member(EVERY_ROLE)
@require_GET
def statement_pdf(request: HttpRequest, scope: Scope) -> HttpResponse:
    found = _statement(request, scope)
    return _pdf(_statement_paper(found), f"statement-{found.month}")


@member(EVERY_ROLE)
@require_POST
def statement_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    found = _statement(request, scope)
    _audit(scope, "statement.exported", {"month": str(found.month)})
    lines = csv_lines(STATEMENT_COLUMNS, statement_rows(found))
    return _csv(HttpResponse("".join(lines), content_type="text/csv; charset=utf-8"), f"statement-{found.month}")


def _statement(request: HttpRequest, scope: Scope) -> Statement:
    """Return the statement of the month in the address; of this month where none is written there."""
    return statement_get(scope.workspace, Month.parse(request.GET.get("month", "")) or Month.now())


def _statement_paper(found: Statement) -> Paper:
    return statement_paper(found, buyer=BuyerBook(found.workspace).at(found.month.end))


def _audit(scope: Scope, action: str, after: dict[str, object]) -> None:
    subject = ("workspace", scope.workspace.key, scope.workspace.name)
    audit_record(action=action, actor=scope.user, workspace_id=scope.workspace.pk, subject=subject, after=after)


def _pdf(paper: Paper, name: str) -> HttpResponse:
    response = HttpResponse(paper_pdf(paper), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return response


def _csv(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
