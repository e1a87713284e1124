"""Forms about receipts: which are wanted, and who they say has bought."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from dashboard.accounts.member_forms import name_clean
from dashboard.accounts.models import Membership, Workspace
from dashboard.agents.forms import MOST_CHOICES, AgentFilterForm
from dashboard.credits.forms import MoneyForm
from dashboard.credits.models import Purchase, Receipt, Reversal
from dashboard.credits.months import Month
from dashboard.credits.selectors import receipt_list
from dashboard.lib.days import DaysForm
from dashboard.lib.prepared import Prepared

MOST_ADDRESS_LINES = 8
THE_AGENT = "agent"
UNTOUCHED = "none"
REVERSED = [
    ("", "Any"),
    (Reversal.Kind.REFUNDED.value, "Refunded"),
    (Reversal.Kind.DISPUTED.value, "Disputed"),
    (UNTOUCHED, "None"),
]


class ReceiptFilterForm(AgentFilterForm, MoneyForm, DaysForm):
    """Which receipts of a workspace are wanted. Days are the viewer's; `month`, of a statement's links, is UTC's."""

    opened_by = forms.ChoiceField(label="Opened by", required=False)
    reversed = forms.ChoiceField(label="Taken back", choices=REVERSED, required=False)
    money = forms.ChoiceField(choices=[("", "Live"), ("test", "Test")], required=False, widget=forms.HiddenInput)
    month = forms.CharField(max_length=7, required=False, widget=forms.HiddenInput)
    field_order = ("agent", "since", "until", "opened_by", "reversed")

    def __init__(self, data: object, *, workspace: Workspace) -> None:
        super().__init__(data, workspace=workspace)
        buyers = [(str(pk), name or email) for pk, name, email in _people(workspace=workspace.pk)]
        self.fields["opened_by"].choices = [("", "Anybody"), (THE_AGENT, "The agent itself"), *buyers]  # type: ignore[attr-defined]

    def clean_month(self) -> Month | None:
        written = self.cleaned_data["month"]
        month = Month.parse(written)
        if written and month is None:
            raise ValidationError("This is no month.")
        return month

    @property
    def is_live(self) -> bool:
        """Whether receipts of live money are wanted, and not the test settlements, which stand apart."""
        return not self.cleaned_data.get("money")

    @property
    def is_filtered(self) -> bool:
        """Whether fewer than all receipts of this kind of money are wanted."""
        return bool(self.said.keys() - {"money"})

    @property
    def said(self) -> dict[str, str]:
        """Return the fields in use, as the audit log keeps them."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    @property
    def rows(self) -> QuerySet[Receipt]:
        """The receipts that a valid form asks for."""
        wanted, (since, until) = self.cleaned_data, self.bounds
        month = wanted["month"]
        rows = receipt_list(self.workspace, live=self.is_live)
        if month:
            rows = rows.filter(issued_at__gte=month.start, issued_at__lt=month.end)
        within = {"issued_at__gte": since, "issued_at__lt": until}
        rows = rows.filter(**{name: value for name, value in within.items() if value})
        if wanted["agent"]:
            rows = rows.filter(agent__in=self.agents_meant().values("pk"))
        rows = _opened_by(rows, wanted["opened_by"])
        return _reversed_as(rows, wanted["reversed"], workspace=self.workspace)


class BuyerForm(MoneyForm):
    """Who buys. What is kept is printed as it stands, on receipts issued from now on."""

    name = forms.CharField(label="Name", max_length=200, required=False, help_text="A person's or a company's.")
    address = forms.CharField(label="Address", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    tax_id = forms.CharField(label="Tax id", max_length=64, required=False)
    order_number = forms.CharField(
        label="Order number", max_length=64, required=False, help_text="Yours, for every receipt until you change it."
    )

    def clean_name(self) -> str:
        return name_clean(self.cleaned_data["name"])

    def clean_tax_id(self) -> str:
        return name_clean(self.cleaned_data["tax_id"])

    def clean_order_number(self) -> str:
        return name_clean(self.cleaned_data["order_number"])

    def clean_address(self) -> str:
        lines = [line for line in map(name_clean, self.cleaned_data["address"].splitlines()) if line]
        if len(lines) > MOST_ADDRESS_LINES:
            raise ValidationError(f"At most {MOST_ADDRESS_LINES} lines.")
        return "\n".join(lines)


_people: Prepared[tuple[int, str, str]] = Prepared(
    lambda workspace: (
        Membership.objects.filter(workspace=workspace)
        .order_by("pk")
        .values_list("user", "user__name", "user__email")[:MOST_CHOICES]
    )
)


def _opened_by(rows: QuerySet[Receipt], wanted: str) -> QuerySet[Receipt]:
    if wanted == THE_AGENT:
        return rows.filter(purchase__origin=Purchase.Origin.AGENT)
    return rows.filter(opened_by_id=int(wanted)) if wanted else rows


def _reversed_as(rows: QuerySet[Receipt], wanted: str, *, workspace: Workspace) -> QuerySet[Receipt]:
    if wanted == UNTOUCHED:
        return rows.filter(purchase__reversals=None)
    of_kind = Reversal.objects.filter(purchase__workspace=workspace, kind=wanted)
    return rows.filter(purchase__in=of_kind.values("purchase")) if wanted else rows
