"""Second factor, passkeys and sessions in a real browser, on a desk and on a phone."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.e2e.looking import SIZES, fits
from tests.e2e.test_every_page import look
from tools.running import System

PASSWORD = "correct horse battery"
ADD_PERSON = """
from allauth.account.models import EmailAddress
from dashboard.accounts.models import User
from dashboard.accounts.services import workspace_create
user = User.objects.create_user(email={email!r}, password={password!r})
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
workspace_create(owner=user, name="Nina's studio")
"""


@pytest.fixture
def nina(system: System) -> str:
    """Add somebody who signs in by password; return her address."""
    email = f"nina{time.monotonic_ns()}@example.com"
    system.python(ADD_PERSON.format(email=email, password=PASSWORD))
    return email


@pytest.fixture(params=["phone"])
def page(request: Any, browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport=SIZES[request.param])
    yield context.new_page()
    context.close()


@pytest.fixture
def key(page: Any) -> Callable[[], int]:
    """Plug a virtual authenticator in that says yes to everything; return a function that counts its passkeys."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    plugged = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return lambda: len(devtools.send("WebAuthn.getCredentials", plugged)["credentials"])


def sign_in(page: Any, system: System, email: str) -> None:
    page.goto(f"{system.url}/account/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Any) -> None:
    page.locator("summary", has_text="Your menu").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("heading", name="Sign in").wait_for()


def to_factors(page: Any, system: System) -> None:
    page.goto(f"{system.url}/profile/")
    page.get_by_role("link", name="Second factor and passkeys").click()


def confirm(page: Any) -> None:
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def totp_code(secret: str) -> str:
    """Return what an authenticator app shows, never one that is about to change."""
    left = 30 - time.time() % 30
    if left < 3:
        time.sleep(left + 0.1)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def enrol_totp(page: Any, system: System) -> tuple[str, list[str]]:
    """Set up an app; return its secret and the recovery codes."""
    to_factors(page, system)
    page.get_by_role("link", name="Set up an app").click()
    confirm(page)
    page.get_by_text("Cannot scan?").click()
    secret = page.locator("#totp-key").inner_text().strip()
    page.get_by_label("Authenticator code").fill(totp_code(secret))
    assert fits(page)
    page.get_by_role("button", name="Turn on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert fits(page)
    return secret, page.locator("#recovery-codes").inner_text().split()


def test_app_and_recovery_code_sign_in(page: Any, system: System, nina: str) -> None:
    sign_in(page, system, nina)
    secret, codes = enrol_totp(page, system)
    assert len(codes) == 10
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_text("10 left").wait_for()

    for code in (totp_code(secret), codes[0]):
        sign_out(page)
        sign_in(page, system, nina)
        page.get_by_role("heading", name="Second factor").wait_for()
        assert fits(page)
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Overview").wait_for()
    to_factors(page, system)
    page.get_by_text("9 left").wait_for()


def test_passkey_signs_in_alone(page: Any, system: System, nina: str, key: Callable[[], int]) -> None:
    add_passkey(page, system, nina)
    assert key() == 1
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Overview").wait_for()

    to_factors(page, system)
    page.get_by_role("link", name="Remove").click()
    # Signing in with the passkey was a while ago for what changes factors: it is asked for again, or the password.
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    page.get_by_role("link", name="Use a passkey").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("The passkey was removed").wait_for()


def add_passkey(page: Any, system: System, email: str) -> None:
    sign_in(page, system, email)
    to_factors(page, system)
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    page.get_by_label("Name").fill("Nina's phone")
    assert fits(page)
    page.get_by_role("button", name="Add passkey").click()
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_text("Nina's phone").wait_for()
    assert fits(page)


def test_passkey_is_a_second_factor_after_the_password(
    page: Any, system: System, nina: str, key: Callable[[], int]
) -> None:
    add_passkey(page, system, nina)
    sign_out(page)
    sign_in(page, system, nina)
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Overview").wait_for()


def test_browser_without_a_passkey_is_told_so(page: Any, system: System, key: Callable[[], int]) -> None:
    page.goto(f"{system.url}/account/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey was used").wait_for()


def test_other_browser_is_signed_out(page: Any, browser: Any, system: System, nina: str) -> None:
    sign_in(page, system, nina)
    others = [browser.new_context().new_page() for _ in range(2)]
    for other in others:
        sign_in(other, system, nina)
        other.get_by_role("heading", name="Overview").wait_for()
    page.goto(f"{system.url}/profile/")
    page.get_by_role("link", name="Sessions").click()
    assert page.get_by_text("This browser", exact=True).count() == 1
    assert fits(page)
    page.get_by_role("main").get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_text("That browser is signed out").wait_for()
    assert sorted(is_in(other) for other in others) == [False, True]
    page.get_by_role("button", name="Sign out all others").click()
    page.get_by_text("All other browsers are signed out").wait_for()
    assert [is_in(other) for other in others] == [False, False]
    assert is_in(page)
    for other in others:
        other.context.close()


def is_in(page: Any) -> bool:
    page.reload()
    return re.search("/account/login/", page.url) is None


def test_pages_of_factors_are_sound(browser: Any, system: System, nina: str) -> None:
    page = browser.new_context().new_page()
    sign_in(page, system, nina)
    secret, _ = enrol_totp(page, system)
    for path in ("", "totp/deactivate/", "webauthn/add/", "webauthn/", "recovery-codes/", "recovery-codes/generate/"):
        look(page, f"{system.url}/account/factors/{path}")
    for path in ("account/reauthenticate/", "account/factors/reauthenticate/", "account/sessions/"):
        look(page, f"{system.url}/{path}")
    page.goto(f"{system.url}/account/factors/totp/deactivate/")
    page.get_by_role("button", name="Turn off").click()
    page.get_by_text("The authenticator app is off").wait_for()
    look(page, f"{system.url}/account/factors/totp/activate/")
    look(page, f"{system.url}/account/factors/")
    assert secret
    page.context.close()
