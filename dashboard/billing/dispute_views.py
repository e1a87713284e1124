"""Disputes at the desk: whose deadline is near, one dispute with our answer to it, and that answer as a PDF."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.billing.dispute_selectors import TABS, VIEWS, clock_of, dispute_get, dispute_page
from dashboard.billing.disputes import AnswerRefused, answer_get, answer_save, answer_submit, evidence_read
from dashboard.billing.evidence import FIELDS, MOST_OF_A_TEXT
from dashboard.billing.models import DisputeAnswer


class EvidenceForm(forms.Form):
    """The texts by Stripe's names of the fields, and the version that they were begun from."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    has_file = forms.BooleanField(label="Hand the PDF in too", required=False)

    def __init__(self, data: object = None, *, answer: DisputeAnswer) -> None:
        initial = {**answer.texts, "version": answer.version, "has_file": answer.has_file}
        super().__init__(data, initial=initial)  # type: ignore[arg-type]
        for name, label in FIELDS.items():
            is_long = name in {"access_activity_log", "uncategorized_text", "product_description"}
            widget = forms.Textarea(attrs={"rows": 8}) if is_long else forms.TextInput()
            self.fields[name] = forms.CharField(
                label=label, required=False, max_length=MOST_OF_A_TEXT, widget=widget, strip=True
            )

    @property
    def texts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name].replace("\r\n", "\n") for name in FIELDS}


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def dispute_list(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("view", "due")
    shown = shown if shown in VIEWS else "due"
    page = dispute_page(shown, cursor=request.GET.get("page", ""))
    rows = [(dispute, clock_of(dispute)) for dispute in page.rows]
    return render(
        request, "billing/dispute_list.html", {"page": page, "rows": rows, "shown": shown, "tabs": TABS.items()}
    )


@platform(PlatformRole.BILLING_ADMIN)
@require_http_methods(READ_OR_SEND)
def dispute_detail(request: HttpRequest, dispute_id: str) -> HttpResponse:
    """One dispute; on POST the draft of our answer is saved."""
    dispute = dispute_get(dispute_id)
    answer, refusal = answer_get(dispute), ""
    form = EvidenceForm(request.POST or None, answer=answer)
    if form.is_valid():
        told = {"has_file": form.cleaned_data["has_file"], "version": form.cleaned_data["version"]}
        try:
            answer_save(dispute=dispute, texts=form.texts, user=viewer(request), **told)
            return redirect("billing:dispute_detail", dispute_id)
        except AnswerRefused as refused:
            refusal = str(refused)
    context = {"dispute": dispute, "clock": clock_of(dispute), "answer": answer, "form": form, "refusal": refusal}
    context["told"] = [(label, answer.texts.get(name, "")) for name, label in FIELDS.items()]
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "billing/dispute_detail.html", context, status=status)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
@fresh_sign_in
def dispute_submit(request: HttpRequest, dispute_id: str) -> HttpResponse:
    """Hand in the version that was seen: once, and for good."""
    dispute = dispute_get(dispute_id)
    written = request.POST.get("version", "")
    try:
        answer_submit(dispute=dispute, version=int(written) if written.isdigit() else -1, user=viewer(request))
    except AnswerRefused as refused:
        context = {"dispute": dispute, "clock": clock_of(dispute), "answer": answer_get(dispute)}
        context |= {"form": EvidenceForm(answer=answer_get(dispute)), "refusal": str(refused)}
        return render(request, "billing/dispute_detail.html", context, status=409)
    return redirect("billing:dispute_detail", dispute_id)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def dispute_pdf(request: HttpRequest, dispute_id: str) -> HttpResponse:
    """Answer with the PDF. It shows a sponsor's pictures, so a look is a press, and each stands in their log."""
    pdf = evidence_read(dispute=dispute_get(dispute_id), user=viewer(request))
    response = HttpResponse(pdf, content_type="application/pdf")
    response["Content-Disposition"] = 'attachment; filename="evidence.pdf"'
    response["Cache-Control"] = "no-store"
    return response
