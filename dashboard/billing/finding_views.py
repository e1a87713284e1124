"""The exceptions queue: what differs, why, how old and whose; one safe thing to do about each."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.billing.actions import (
    ActionFailed,
    action_for,
    finding_act,
    finding_assign,
    finding_ignore,
    finding_note,
    finding_reopen,
    is_refund_left,
    is_refundable,
)
from dashboard.billing.detail import stripe_page
from dashboard.billing.figures import figure_rows
from dashboard.billing.forms import FindingFilterForm, NoteForm, ReasonForm, SweepForm
from dashboard.billing.models import Finding, Sweep
from dashboard.billing.selectors import PAGE_SIZE, coverage_get
from dashboard.billing.sweeps import sweep_ask
from dashboard.billing.views import sight
from dashboard.lib.fragments import page_or_fragment
from dashboard.lib.paging import page_get

TABS = {"open": "Open", "ignored": "Ignored", "settled": "Settled"}


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def finding_list(request: HttpRequest) -> HttpResponse:
    form, user = FindingFilterForm(request.GET), viewer(request)
    state = request.GET.get("state", "")
    state = state if state in TABS else "open"
    sweep = Sweep.objects.order_by("-pk").first()
    context: dict[str, object] = {"form": form, "sweep_form": SweepForm(), "tab": "exceptions", "state": state}
    context |= {"states": TABS.items(), "sweep": sweep, "coverage": coverage_get(), **sight()}
    if form.is_valid():
        rows = form.findings(user).filter(state=state)
        page = page_get(
            rows, by="since", cursor=request.GET.get("page", ""), size=PAGE_SIZE, oldest_first=state == "open"
        )
        context |= {"page": page, "is_filtered": form.is_filtered, "oldest_first": state == "open"}
    return render(request, page_or_fragment(request, "billing/finding_list.html"), context)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def sweep_new(request: HttpRequest) -> HttpResponse:
    form = SweepForm(request.POST)
    if form.is_valid():
        since, until = form.bounds
        sweep_ask(user=viewer(request), since=since, until=until)
        messages.success(request, "The sweep begins within a few seconds. This page shows how it goes.")
    else:
        messages.error(request, "The first day must not be after the last one.")
    return redirect("billing:finding_list")


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def finding_detail(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    return _page(request, _get(finding_key))


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def finding_action(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    """Do the one safe thing; what came of it stands in the history."""
    try:
        finding = finding_act(finding=_get(finding_key), user=viewer(request))
    except ActionFailed as failure:
        messages.error(request, f"Nothing was changed. {failure}")
    else:
        if finding.state == Finding.State.SETTLED:
            messages.success(request, "Settled: the sides agree now.")
        else:
            messages.info(request, "Done. It still differs; the history says what was found.")
    return redirect("billing:finding_detail", finding_key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def finding_note_add(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    finding, form = _get(finding_key), NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, finding, note_form=form)
    finding_note(finding=finding, user=viewer(request), text=form.cleaned_data["text"])
    return redirect("billing:finding_detail", finding_key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def finding_assignment(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    """Take an exception, also from a colleague, or put it back for anybody."""
    user = viewer(request)
    finding_assign(finding=_get(finding_key), assignee=user if request.POST.get("who") == "me" else None, user=user)
    return redirect("billing:finding_detail", finding_key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def finding_ignoring(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    finding, form = _get(finding_key), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, finding, reason_form=form)
    finding_ignore(finding=finding, user=viewer(request), reason=form.cleaned_data["reason"])
    return redirect("billing:finding_detail", finding_key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def finding_reopening(request: HttpRequest, finding_key: UUID) -> HttpResponse:
    finding_reopen(finding=_get(finding_key), user=viewer(request))
    return redirect("billing:finding_detail", finding_key)


def _get(key: UUID) -> Finding:
    finding = Finding.objects.select_related("chain__stripe_payment", "assignee", "line").filter(key=key).first()
    if finding is None:
        raise Http404
    return finding


def _page(
    request: HttpRequest, finding: Finding, *, note_form: NoteForm | None = None, reason_form: ReasonForm | None = None
) -> HttpResponse:
    intent = finding.chain.payment_intent_id if finding.chain else ""
    context = {
        "tab": "exceptions",
        "finding": finding,
        "action": action_for(finding),
        "is_refundable": is_refundable(finding),
        "is_refund_left": is_refund_left(finding),
        "figures": figure_rows(finding.figures),
        "stripe_url": stripe_page(f"payments/{intent}") if intent else "",
        "steps": finding.steps.select_related("by").order_by("-pk")[:100],
        "note_form": note_form or NoteForm(),
        "reason_form": reason_form or ReasonForm(),
        **sight(),
    }
    has_errors = bool((note_form and note_form.errors) or (reason_form and reason_form.errors))
    return render(request, "billing/finding_detail.html", context, status=422 if has_errors else 200)
