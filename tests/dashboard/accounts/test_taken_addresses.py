"""Somebody signs up with an address that is not theirs, and waits for its owner to come."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser

from dashboard.accounts.models import User

pytestmark = pytest.mark.django_db
EMAIL = "nina@example.com"
STRANGERS = "strangers horse battery"


def code_in_mail() -> str:
    found = re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", str(mail.outbox[-1].body))
    assert found
    return found[0]


def is_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def sign_in_by_code(browser: Browser, email: str = EMAIL) -> None:
    answer = browser.post("/account/login/code/", {"email": email})
    browser.post(answer["Location"], {"code": code_in_mail()})
    assert is_in(browser)


def sign_in_by_password(browser: Browser, password: str) -> bool:
    browser.post("/account/login/", {"login": EMAIL, "password": password})
    return is_in(browser)


def test_password_of_a_stranger_is_worth_nothing_once_the_owner_of_the_address_comes() -> None:
    stranger, owner = Browser(), Browser()
    stranger.post("/account/signup/", {"email": EMAIL, "password1": STRANGERS})
    assert not is_in(stranger)
    sign_in_by_code(owner)
    assert not sign_in_by_password(Browser(), STRANGERS)
    assert not is_in(stranger)
    assert is_in(owner), "the owner stays signed in"


def test_own_password_outlives_a_sign_in_by_code() -> None:
    browser = Browser()
    answer = browser.post("/account/signup/", {"email": EMAIL, "password1": STRANGERS})
    browser.post(answer["Location"], {"code": code_in_mail()})
    assert is_in(browser)
    sign_in_by_code(Browser())
    assert sign_in_by_password(Browser(), STRANGERS)
    assert User.objects.count() == 1


def test_address_added_to_a_strangers_account_leads_nobody_into_it(owner: User) -> None:
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    stranger = Browser()
    sign_in_by_code(stranger, owner.email)
    stranger.post("/account/email/", {"action_add": "", "email": EMAIL})
    assert mail.outbox[-1].to == [EMAIL], "its owner is asked first"
    Browser().post("/account/login/code/", {"email": EMAIL})
    assert "No account has this address" in str(mail.outbox[-1].body)
