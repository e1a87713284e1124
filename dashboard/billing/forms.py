"""The desk's filters, which live in the page's address, and what billing admins write."""

from django import forms
from django.db.models import QuerySet

from dashboard.accounts.models import User
from dashboard.billing.models import Chain, Finding, WebhookEvent
from dashboard.billing.selectors import chains_of_id
from dashboard.billing.stages import chain_rows
from dashboard.lib.days import DaysForm

ANY = ("", "Any")


class ChainFilterForm(DaysForm):
    """Which payments are wanted; an id of the chain goes before everything else."""

    field_order = ("q", "stage", "shown", "workspace", "since", "until")

    q = forms.CharField(
        label="Any id of the payment",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "quote, attempt, session, charge, receipt, trace, agent"}),
    )
    stage = forms.ChoiceField(label="State", required=False, choices=[ANY, *Chain.Stage.choices])
    shown = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[("", "Everything"), ("exceptions", "With exceptions"), ("outside", "Outside: no ledger visible")],
    )
    workspace = forms.CharField(label="Workspace", required=False, max_length=200)

    def chains(self) -> QuerySet[Chain]:
        """Return what a valid form asks for."""
        wanted = self.cleaned_data
        rows = chains_of_id(wanted["q"].strip()) if wanted["q"].strip() else chain_rows()
        if wanted["stage"]:
            rows = rows.filter(stage=wanted["stage"])
        if wanted["shown"] == "exceptions":
            rows = rows.filter(pk__in=Finding.objects.filter(state=Finding.State.OPEN).values("chain"))
        if wanted["shown"] == "outside":
            rows = rows.filter(hosted_payment=None, purchase=None)
        if wanted["workspace"]:
            rows = rows.filter(workspace__name__icontains=wanted["workspace"])
        since, until = self.bounds
        rows = rows.filter(opened_at__gte=since) if since else rows
        return rows.filter(opened_at__lt=until) if until else rows

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.values())


class FindingFilterForm(forms.Form):
    """Which exceptions are wanted."""

    kind = forms.ChoiceField(label="Kind", required=False, choices=[ANY, *Finding.Kind.choices])
    owner = forms.ChoiceField(
        label="Looked after by",
        required=False,
        choices=[("", "Anybody"), ("me", "Me"), ("nobody", "Nobody yet")],
    )

    def findings(self, user: User) -> QuerySet[Finding]:
        """Return what a valid form asks for."""
        rows = Finding.objects.select_related("assignee", "chain")
        if self.cleaned_data["kind"]:
            rows = rows.filter(kind=self.cleaned_data["kind"])
        if self.cleaned_data["owner"]:
            rows = rows.filter(assignee=user if self.cleaned_data["owner"] == "me" else None)
        return rows

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.values())


class EventFilterForm(forms.Form):
    """Which webhooks are wanted."""

    q = forms.CharField(
        label="Any id of it",
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": "evt_, pi_, ch_, cs_, re_, dp_"}),
    )
    type = forms.CharField(label="Type", required=False, max_length=120)

    def events(self) -> QuerySet[WebhookEvent]:
        """Return what a valid form asks for, without the bodies."""
        rows, q = WebhookEvent.objects.defer("body"), self.cleaned_data["q"].strip()
        if q:
            of_id = [WebhookEvent.objects.filter(**{name: q}).values("pk") for name in _EVENT_IDS]
            rows = rows.filter(pk__in=of_id[0].union(*of_id[1:]))
        if self.cleaned_data["type"]:
            rows = rows.filter(type__istartswith=self.cleaned_data["type"].strip())
        return rows

    @property
    def is_filtered(self) -> bool:
        return any(self.cleaned_data.values())


_EVENT_IDS = ("event_id", "object_id", "payment_intent_id")


class NoteForm(forms.Form):
    text = forms.CharField(label="Note", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class ReasonForm(forms.Form):
    """Why something is put aside."""

    reason = forms.CharField(label="Reason", max_length=254)


class SweepForm(DaysForm):
    """A period to sweep; without days, everything."""
