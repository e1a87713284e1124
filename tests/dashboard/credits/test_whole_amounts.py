"""Money is whole cents and whole credits, from the wire to the row, and no form takes a payment credential."""

import uuid
from decimal import Decimal
from typing import Any, get_args

import pytest
from django.apps import apps
from django.db import models

from api_client import Quote
from api_client.records import credits as records
from api_client.records.base import Record
from dashboard.credits.forms import MoneyForm, PurchaseForm, holds_credential
from dashboard.credits.terms import Terms

ROOMS = ("credits", "activity", "agents", "accounts", "freshness", "audit", "notify")


def fields() -> list[Any]:
    return [field for room in ROOMS for model in apps.get_app_config(room).get_models() for field in model._meta.fields]


def types_in(annotation: object) -> set[object]:
    return {annotation}.union(*(types_in(part) for part in get_args(annotation)))


def test_no_row_holds_an_amount_that_is_not_whole() -> None:
    inexact = [field for field in fields() if isinstance(field, models.FloatField | models.DecimalField)]
    assert inexact == []


def test_no_record_of_money_holds_a_fraction() -> None:
    kinds = [kind for kind in vars(records).values() if isinstance(kind, type) and issubclass(kind, Record)]
    assert Quote in kinds
    for kind in kinds:
        for name, field in kind.model_fields.items():
            assert not types_in(field.annotation) & {float, Decimal}, f"{kind.__name__}.{name}"


def sent(**changes: str) -> PurchaseForm:
    form = {"pack_id": "", "credits": "500", "payment_method": "stripe_checkout", "form_key": str(uuid.uuid4())}
    return PurchaseForm({**form, **changes})


def test_form_gives_exactly_one_of_pack_and_amount() -> None:
    exact, pack = sent(), sent(credits="", pack_id="starter-500")
    assert exact.is_valid()
    assert pack.is_valid()
    assert exact.terms == Terms(500, "", "stripe_checkout")
    assert pack.terms == Terms(None, "starter-500", "stripe_checkout")
    assert not sent(credits="").is_valid()
    assert not sent(pack_id="starter-500").is_valid()


@pytest.mark.parametrize("amount", ["0", "-1", "5001", "1.5", "1e3", "5_0_0x", "NaN", "9" * 5_000, "500\x00", "five"])
def test_amount_that_is_no_whole_number_in_bounds_is_refused(amount: str) -> None:
    assert not sent(credits=amount).is_valid()


@pytest.mark.parametrize("key", ["", "1", "not-a-key", "0" * 33])
def test_form_without_its_key_is_refused(key: str) -> None:
    assert not sent(form_key=key).is_valid()


@pytest.mark.parametrize(
    "name",
    [
        *("card", "card-number", "cardNumber", "CVC", "payment_token", "payment-secret", "wallet_private_key", "pan"),
        *("mnemonic", "seed-phrase", "stripe_secret_key", "authorization", "bearer-token", "promo_code", "coupon"),
        *("provider-receipt", "x-payment-response", "payment_required", "spt", "mpp", "password"),
    ],
)
def test_credential_is_refused_by_name_and_its_value_not_repeated(name: str) -> None:
    form = sent(**{name: "4242424242424242"})
    assert not form.is_valid()
    assert form.has_error("__all__", "credential")
    assert "4242" not in str(form.errors)


def test_names_of_our_own_forms_are_no_credentials() -> None:
    assert not holds_credential(["pack_id", "credits", "payment_method", "form_key", "agent", "next", "dollars"])
    assert MoneyForm({"csrfmiddlewaretoken": "x"}).is_valid()


@pytest.mark.parametrize("terms", [(None, ""), (500, "starter-500")])
def test_terms_are_one_thing_or_the_other(terms: tuple[int | None, str]) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        Terms(*terms, "stripe_checkout")
