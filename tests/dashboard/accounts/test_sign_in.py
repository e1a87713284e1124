"""Signing up, in and out: by password, by an emailed code, and by a reset; and what stays secret meanwhile."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client as Browser

from dashboard.accounts.models import Role, User
from dashboard.local.people import link_make

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def code_in_mail() -> str:
    found = re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", str(mail.outbox[-1].body))
    assert found
    return found[0]


def sign_up(browser: Browser, email: str = "nina@example.com") -> Any:
    return browser.post("/account/signup/", {"email": email, "password1": PASSWORD})


@pytest.fixture
def nina() -> User:
    """Somebody who signed up and verified her address."""
    user = User.objects.create_user(email="nina@example.com", password=PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def is_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


def test_new_person_verifies_the_address_and_lands_in_a_workspace_of_their_own() -> None:
    browser = Browser()
    answer = sign_up(browser)
    assert not is_in(browser)
    browser.post(answer["Location"], {"code": code_in_mail()})
    assert is_in(browser)
    membership = User.objects.get().memberships.get()
    assert membership.role == Role.OWNER
    assert membership.workspace.name == "nina's workspace"


def test_wrong_verification_code_lets_nobody_in() -> None:
    browser = Browser()
    answer = sign_up(browser)
    browser.post(answer["Location"], {"code": "WRONG1"})
    assert not is_in(browser)


def test_password_signs_in_and_out(nina: User) -> None:
    browser = Browser()
    browser.post("/account/login/", {"login": nina.email, "password": PASSWORD})
    assert is_in(browser)
    browser.post("/account/logout/")
    assert not is_in(browser)


def test_mail_server_that_is_away_takes_no_page_down(nina: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "tests.dashboard.notify.test_outbox.Broken"
    browser = Browser()
    for path, fields in (
        ("/account/login/code/", {"email": nina.email}),
        ("/account/password/reset/", {"email": nina.email}),
        ("/account/signup/", {"email": "new@example.com", "password1": PASSWORD}),
    ):
        answer = browser.post(path, fields, follow=True)
        assert answer.status_code == 200
        assert "The mail could not be sent just now" in answer.content.decode()


def test_wrong_password_lets_nobody_in(nina: User) -> None:
    browser = Browser()
    browser.post("/account/login/", {"login": nina.email, "password": "wrong horse"})
    assert not is_in(browser)


def test_emailed_code_signs_in(nina: User) -> None:
    browser = Browser()
    answer = browser.post("/account/login/code/", {"email": nina.email})
    browser.post(answer["Location"], {"code": code_in_mail()})
    assert is_in(browser)


def test_password_is_reset_by_an_emailed_code(nina: User) -> None:
    browser = Browser()
    answer = browser.post("/account/password/reset/", {"email": nina.email})
    answer = browser.post(answer["Location"], {"code": code_in_mail()})
    browser.post(answer["Location"], {"password1": "another horse battery", "password2": "another horse battery"})
    fresh = Browser()
    fresh.post("/account/login/", {"login": nina.email, "password": "another horse battery"})
    assert is_in(fresh)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/login/code/", {}),
        ("/account/password/reset/", {}),
        ("/account/signup/", {"password1": PASSWORD}),
    ],
)
def test_answer_does_not_tell_who_has_an_account(nina: User, path: str, fields: dict[str, str]) -> None:
    known = Browser().post(path, {"email": nina.email, **fields})
    unknown = Browser().post(path, {"email": "nobody@example.com", **fields})
    assert (known.status_code, known.headers.get("Location")) == (unknown.status_code, unknown.headers.get("Location"))


def test_guessing_a_password_is_slowed_down(nina: User) -> None:
    browser = Browser()
    for _ in range(20):
        browser.post("/account/login/", {"login": nina.email, "password": "guess"})
    browser.post("/account/login/", {"login": nina.email, "password": PASSWORD})
    assert not is_in(browser)


@pytest.mark.parametrize("password", ["short", "1234567890", "password123", "nina@example.com"])
def test_weak_password_is_refused(password: str) -> None:
    answer = Browser().post("/account/signup/", {"email": "nina@example.com", "password1": password})
    assert answer.status_code == 200
    assert not User.objects.exists()


def test_session_key_changes_at_sign_in(nina: User) -> None:
    browser = Browser()
    browser.get("/account/login/")
    browser.session.save()
    before = browser.session.session_key
    browser.post("/account/login/", {"login": nina.email, "password": PASSWORD})
    assert browser.session.session_key != before


def test_printed_link_signs_in_once(nina: User) -> None:
    path = link_make(nina).partition("localhost")[2].partition("/")[2]
    first, second = Browser(), Browser()
    assert first.get(f"/{path}").status_code == 200
    assert not is_in(first), "opening the link alone signs nobody in"
    first.post(f"/{path}")
    assert is_in(first)
    assert second.post(f"/{path}").status_code == 404
    assert not is_in(second)
