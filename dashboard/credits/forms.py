"""Forms about money. A field that is not named here is never read; one that names a payment credential is refused."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms

from dashboard.credits.terms import MAX_CREDITS, MIN_CREDITS, Terms

MAX_CENTS = 10_000_000
# Letters alone, since spellings differ in hyphens, underscores and capitals (contract 4.1). No field of ours has one.
_CREDENTIAL_PARTS = (
    *("card", "cvc", "cvv", "iban", "mnemonic", "seedphrase", "wallet", "privatekey", "apikey", "providerkey"),
    *("secret", "authorization", "bearer", "signature", "password", "passphrase", "credential", "providerreceipt"),
    *("paymentrequired", "paymentresponse", "paymenttoken", "bearertoken", "accesstoken", "promo", "coupon"),
)
_CREDENTIAL_WORDS = {"token", "spt", "mpp", "pan", "pin"}
REFUSED = "Payment credentials are never entered here. Pay on the page that the checkout opens."


def holds_credential(names: Iterable[str]) -> bool:
    """Tell whether a name of a form field or query parameter is a payment credential's, however it is spelled."""
    return any(_is_credential(re.sub(r"[^a-z]", "", name.lower())) for name in names)


def _is_credential(letters: str) -> bool:
    return letters in _CREDENTIAL_WORDS or any(part in letters for part in _CREDENTIAL_PARTS)


class MoneyForm(forms.Form):
    """A form that refuses payment credentials by the name of their field; the value is neither shown nor kept."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if holds_credential(name for name in self.data if name != "csrfmiddlewaretoken"):
            raise forms.ValidationError(REFUSED, code="credential")
        return cleaned


class PurchaseForm(MoneyForm):
    """What to buy: a pack, or an exact number of credits; `terms` after it was found valid."""

    pack_id = forms.CharField(max_length=200, required=False)
    credits = forms.IntegerField(min_value=MIN_CREDITS, max_value=MAX_CREDITS, required=False)
    payment_method = forms.CharField(max_length=200)
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        pack_id, amount = cleaned.get("pack_id") or "", cleaned.get("credits")
        if not self.errors and (amount is None) == (not pack_id):
            raise forms.ValidationError("Choose a pack or an exact number of credits.", code="terms")
        return cleaned

    @property
    def terms(self) -> Terms:
        cleaned = self.cleaned_data
        return Terms(cleaned["credits"], cleaned["pack_id"], cleaned["payment_method"])


class BuyingRuleForm(MoneyForm):
    """Above how many whole dollars of live money buying asks for a fresh sign-in."""

    dollars = forms.IntegerField(
        label="Ask for a fresh sign-in above", min_value=0, max_value=MAX_CENTS // 100, help_text="Whole US dollars."
    )
