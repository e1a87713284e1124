"""Limits of the sign-in family hold per account and per address, and a locked-out attempt costs no password hash."""

import time
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client as Browser

from dashboard.accounts.models import User
from tests.dashboard.accounts.ways_in import PASSWORD, enrol_totp, is_in, person_with_password, sign_in

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
MANY = 40


class CountingHasher(MD5PasswordHasher):
    """A hasher that counts its work."""

    hashes = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.hashes += 1
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _counting(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.hashes = 0


@pytest.fixture
def nina() -> User:
    return person_with_password()


def _in(seconds: float) -> float:
    return time.time() + seconds


def guess(email: str, address: str = "127.0.0.1", password: str = "guess") -> Browser:
    browser = Browser(REMOTE_ADDR=address)
    browser.post(LOGIN, {"login": email, "password": password})
    return browser


@pytest.mark.parametrize("email", ["nina@example.com", "nobody@example.com"])
def test_guessing_one_account_from_many_addresses_is_stopped_before_hashing(nina: User, email: str) -> None:
    CountingHasher.hashes = 0
    for number in range(MANY):
        guess(email, f"10.0.0.{number}")
    assert CountingHasher.hashes == 5


def test_locked_account_opens_again_by_itself(nina: User) -> None:
    for _ in range(5):
        guess(nina.email)
    assert not is_in(guess(nina.email, "10.0.0.1", PASSWORD)), "the right password does not help"
    with time_machine.travel(_in(301), tick=False):
        assert is_in(guess(nina.email, "10.0.0.1", PASSWORD))


def test_guessing_many_accounts_from_one_address_is_stopped_before_hashing(nina: User) -> None:
    CountingHasher.hashes = 0
    for number in range(MANY):
        guess(f"person{number}@example.com", "10.0.0.1")
    assert CountingHasher.hashes == 10
    assert not is_in(guess(nina.email, "10.0.0.1", PASSWORD))
    assert is_in(guess(nina.email, "10.0.0.2", PASSWORD)), "others are not locked out with it"


def test_signing_up_from_one_address_is_stopped_before_hashing() -> None:
    answers = [sign_up(number, "10.0.0.1") for number in range(MANY)]
    assert answers.count(302) == 10
    assert answers[-1] == 429
    assert User.objects.count() == len(mail.outbox) == CountingHasher.hashes == 10
    assert sign_up(MANY, "10.0.0.2") == 302


def sign_up(number: int, address: str) -> int:
    fields = {"email": f"person{number}@example.com", "password1": PASSWORD}
    return Browser(REMOTE_ADDR=address).post("/account/signup/", fields).status_code


def test_page_of_a_limit_is_ours() -> None:
    for number in range(10):
        sign_up(number, "10.0.0.1")
    page = Browser(REMOTE_ADDR="10.0.0.1").post("/account/signup/", {"email": "x@example.com", "password1": PASSWORD})
    assert "Too many tries" in page.content.decode()


@pytest.mark.parametrize(("path", "most"), [("/account/login/code/", 3), ("/account/password/reset/", 5)])
def test_mailbox_is_not_bombed_with_codes(nina: User, path: str, most: int) -> None:
    for number in range(MANY):
        Browser(REMOTE_ADDR=f"10.0.0.{number}").post(path, {"email": nina.email})
    assert len(mail.outbox) == most


@pytest.mark.parametrize("path", ["/account/login/code/", "/account/password/reset/"])
def test_mailbox_gets_twelve_codes_an_hour_at_most(nina: User, path: str) -> None:
    with time_machine.travel(_in(0), tick=False) as clock:
        for number in range(MANY):
            clock.shift(61)
            Browser(REMOTE_ADDR=f"10.0.0.{number}").post(path, {"email": nina.email})
    assert len(mail.outbox) == 12


@pytest.mark.parametrize("path", ["/account/login/code/", "/account/password/reset/"])
def test_address_asks_for_twenty_codes_a_minute_at_most(path: str) -> None:
    for number in range(MANY):
        Browser(REMOTE_ADDR="10.0.0.1").post(path, {"email": f"person{number}@example.com"})
    assert len(mail.outbox) == 20


def test_mailed_code_is_not_guessed(nina: User) -> None:
    browser = Browser()
    answer = browser.post("/account/login/code/", {"email": nina.email})
    for _ in range(3):
        browser.post(answer["Location"], {"code": "WRONG1"})
    code = next(word for word in str(mail.outbox[-1].body).split() if "-" in word or word.isupper())
    browser.post(answer["Location"], {"code": code})
    assert not is_in(browser)


def test_codes_of_the_second_factor_are_not_guessed(nina: User) -> None:
    _, codes = enrol_totp(sign_in(nina)[0])
    for number in range(5):
        guessing(nina, f"10.0.0.{number}", "000000")
    assert not is_in(guessing(nina, "10.0.0.9", codes[0])), "a right code does not help now"
    with time_machine.travel(_in(301), tick=False):
        assert is_in(guessing(nina, "10.0.0.9", codes[0]))


def guessing(user: User, address: str, code: str) -> Browser:
    browser = Browser(REMOTE_ADDR=address)
    sign_in(user, browser)
    browser.post("/account/factors/authenticate/", {"code": code})
    return browser


def test_password_of_an_open_session_is_not_guessed(nina: User) -> None:
    browser, _ = sign_in(nina)
    CountingHasher.hashes = 0
    for _ in range(MANY):
        browser.post("/account/reauthenticate/", {"password": "guess"})
    assert CountingHasher.hashes == 5


def test_passkey_answers_from_one_address_are_limited() -> None:
    path = "/account/factors/webauthn/login/"
    answers = [Browser(REMOTE_ADDR="10.0.0.1").post(path, {"credential": "{}"}).status_code for _ in range(11)]
    assert answers == [302] * 10 + [429]
