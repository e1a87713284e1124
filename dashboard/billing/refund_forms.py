"""The form that orders a refund. What is agreed to stands in it as a digest of the figures that were shown."""

from decimal import Decimal

from django import forms

from dashboard.billing.models import RefundOrder
from dashboard.billing.refunds import RefundWish

MOST_DOLLARS = Decimal(1_000_000)


class AmountForm(forms.Form):
    """How much of the payment; in the address, so that a preview can be linked to."""

    amount = forms.DecimalField(
        label="Give back", min_value=Decimal("0.01"), max_value=MOST_DOLLARS, decimal_places=2, required=False
    )

    @property
    def cents(self) -> int | None:
        """Whole cents; None: all that is left."""
        amount: Decimal | None = self.cleaned_data["amount"]
        return None if amount is None else int(amount * 100)


class RefundForm(forms.Form):
    """The order itself."""

    amount_cents = forms.IntegerField(min_value=1, max_value=int(MOST_DOLLARS) * 100, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=32, widget=forms.HiddenInput)
    reason = forms.ChoiceField(choices=RefundOrder.Reason.choices)
    comment = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="Kept here and audited."
    )

    @property
    def wish(self) -> RefundWish:
        return RefundWish(**self.cleaned_data)
