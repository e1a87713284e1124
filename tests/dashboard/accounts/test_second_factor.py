"""The second factor: asked for at sign-in, changed after a fresh sign-in alone, mailed about, audited, sealed."""

import json
import time
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client as Browser

from dashboard.accounts.models import User
from dashboard.audit.models import AuditEntry
from dashboard.local.people import link_make
from tests.dashboard.accounts.ways_in import (
    PASSWORD,
    QUICK_HASHER,
    confirm,
    enrol_totp,
    is_in,
    person_with_password,
    sign_in,
    sign_in_by_code,
    totp_code,
)

pytestmark = pytest.mark.django_db
AUTHENTICATE = "/account/factors/authenticate/"
CHANGES = (
    "/account/factors/totp/activate/",
    "/account/factors/totp/deactivate/",
    "/account/factors/webauthn/add/",
    "/account/factors/recovery-codes/generate/",
    "/account/factors/recovery-codes/",
    "/account/factors/recovery-codes/download/",
)


@pytest.fixture
def nina(settings: Any) -> User:
    settings.PASSWORD_HASHERS = [QUICK_HASHER]
    return person_with_password()


@pytest.fixture
def enrolled(nina: User) -> tuple[Browser, str, list[str]]:
    browser, _ = sign_in(nina)
    return browser, *enrol_totp(browser)


def later() -> float:
    """Return a moment at which a fresh sign-in of now has grown stale."""
    return time.time() + 301


def test_password_alone_no_longer_signs_in(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    browser, answer = sign_in(nina)
    assert answer["Location"] == AUTHENTICATE
    assert not is_in(browser)
    browser.post(AUTHENTICATE, {"code": totp_code(enrolled[1])})
    assert is_in(browser)


def test_mailed_code_alone_no_longer_signs_in(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    with pytest.raises(AssertionError):
        sign_in_by_code(nina)


def test_wrong_code_signs_nobody_in_and_is_audited(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    browser, _ = sign_in(nina)
    assert "Incorrect code" in browser.post(AUTHENTICATE, {"code": "000000"}).content.decode()
    assert not is_in(browser)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.outcome, entry.actor_id) == ("factor.refused", "refused", nina.pk)


def test_code_of_an_app_works_once(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    with time_machine.travel(1_800_000_000, tick=False):
        code = totp_code(enrolled[1])
        first, second = sign_in(nina)[0], sign_in(nina)[0]
        first.post(AUTHENTICATE, {"code": code})
        second.post(AUTHENTICATE, {"code": code})
    assert is_in(first)
    assert not is_in(second)


def test_recovery_code_works_once(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    assert len(enrolled[2]) == 10
    first, second = sign_in(nina)[0], sign_in(nina)[0]
    first.post(AUTHENTICATE, {"code": enrolled[2][0]})
    second.post(AUTHENTICATE, {"code": enrolled[2][0]})
    assert is_in(first)
    assert not is_in(second)


def test_recovery_codes_are_shown_once(enrolled: tuple[Browser, str, list[str]]) -> None:
    browser, _, codes = enrolled
    page = browser.get("/account/factors/recovery-codes/").content.decode()
    assert not any(code in page for code in codes)
    assert "10 of 10 codes are left" in page
    assert browser.get("/account/factors/recovery-codes/download/").status_code == 403


def test_new_recovery_codes_replace_the_old(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    enrolled[0].post("/account/factors/recovery-codes/generate/")
    new = enrolled[0].get("/account/factors/recovery-codes/").context["unused_codes"]
    browser, _ = sign_in(nina)
    browser.post(AUTHENTICATE, {"code": enrolled[2][0]})
    assert not is_in(browser)
    browser.post(AUTHENTICATE, {"code": new[0]})
    assert is_in(browser)


@pytest.mark.django_db(transaction=True)
def test_each_change_is_mailed_and_audited(nina: User, enrolled: tuple[Browser, str, list[str]]) -> None:
    enrolled[0].post("/account/factors/recovery-codes/generate/")
    enrolled[0].post("/account/factors/totp/deactivate/")
    assert [one.subject for one in mail.outbox] == [
        "An authenticator app was set up",
        "New recovery codes were made",
        "The authenticator app was turned off",
    ]
    assert {one.to[0] for one in mail.outbox} == {nina.email}
    said = AuditEntry.objects.filter(action__startswith="factor.").order_by("id")
    assert [(one.action, {**one.before, **one.after}["factor"]) for one in said] == [
        ("factor.added", "totp"),
        ("factor.added", "recovery_codes"),
        ("factor.renewed", "recovery_codes"),
        ("factor.removed", "totp"),
        ("factor.removed", "recovery_codes"),
    ]


def test_secret_and_recovery_codes_are_sealed_at_rest(enrolled: tuple[Browser, str, list[str]]) -> None:
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert enrolled[1] not in kept
    assert not any(code in kept for code in enrolled[2])
    assert kept.count('"1.') == 2, "both start as sealed texts do"


@pytest.mark.parametrize("path", CHANGES)
def test_change_of_factors_asks_for_a_fresh_sign_in(
    path: str, nina: User, enrolled: tuple[Browser, str, list[str]]
) -> None:
    if path.endswith("activate/") and "deactivate" not in path:
        Authenticator.objects.all().delete()
    browser = enrolled[0]
    with time_machine.travel(later(), tick=False):
        assert browser.get(path)["Location"].startswith("/account/reauthenticate/?next=")
        answer = browser.post(path)
    assert answer.status_code == 405 or answer["Location"].startswith("/account/reauthenticate/?next=")


def test_fresh_sign_in_wants_the_right_password(nina: User) -> None:
    browser, _ = sign_in(nina)
    confirm(browser, "wrong horse")
    assert browser.get(CHANGES[0]).status_code == 302
    confirm(browser, PASSWORD)
    assert browser.get(CHANGES[0]).status_code == 200


@pytest.mark.parametrize("path", [CHANGES[0], "/account/password/set/"])
def test_person_without_password_or_factor_signs_in_again_before_adding_one(path: str) -> None:
    browser = sign_in_by_code(person_with_password(password=None))
    assert browser.get(path).status_code == 200, "just signed in"
    with time_machine.travel(later(), tick=False):
        assert browser.get(path)["Location"] == f"/account/login/?next={path}"
        assert not is_in(browser)


def test_printed_link_counts_as_a_fresh_sign_in() -> None:
    browser = Browser()
    browser.post("/" + link_make(person_with_password(password=None)).partition("//")[2].partition("/")[2])
    assert browser.get(CHANGES[0]).status_code == 200
    assert len(browser.get("/account/sessions/").context["sessions"]) == 1


def test_address_is_added_only_after_a_fresh_sign_in(nina: User) -> None:
    browser, _ = sign_in(nina)
    answer = browser.post("/account/email/", {"action_add": "", "email": "second@example.com"})
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert nina.emailaddress_set.count() == 1


def test_answer_that_is_no_passkey_is_refused(nina: User) -> None:
    for credential in ("{}", "[]", "null", '{"id": "x", "response": {}}', "not json", '"x"', "7"):
        answer = Browser().post("/account/factors/webauthn/login/", {"credential": credential})
        assert answer["Location"] == "/account/login/"
    browser, _ = sign_in(nina)
    confirm(browser)
    for credential in ("[7]", '{"id": 7}', '{"id": "x", "rawId": "x", "response": {}}'):
        answer = browser.post("/account/factors/webauthn/add/", {"credential": credential, "name": "x"})
        assert "Incorrect code" in answer.content.decode()
    assert not Authenticator.objects.exists()


def test_passkey_of_somebody_else_is_not_there(nina: User) -> None:
    other = person_with_password("otto@example.org")
    theirs = Authenticator.objects.create(user=other, type=Authenticator.Type.WEBAUTHN, data={"name": "Otto's"})
    browser, _ = sign_in(nina)
    confirm(browser)
    for step in ("edit", "remove"):
        for method in (browser.get, browser.post):
            assert method(f"/account/factors/webauthn/keys/{theirs.pk}/{step}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_factors_are_sealed_anew_with_the_first_key(
    nina: User, enrolled: tuple[Browser, str, list[str]], settings: Any
) -> None:
    old = settings.TOKEN_KEYS
    settings.TOKEN_KEYS = {"new": bytes(range(32)), **old}
    call_command("rotate_token_keys", stdout=StringIO())
    settings.TOKEN_KEYS = {"new": bytes(range(32))}
    for code in (totp_code(enrolled[1]), enrolled[2][0]):
        browser, _ = sign_in(nina)
        browser.post(AUTHENTICATE, {"code": code})
        assert is_in(browser)
