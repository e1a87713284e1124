"""A person with a password and a verified address, and the steps of signing in, as tests walk them."""

import re
import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client as Browser

from dashboard.accounts.models import User

PASSWORD = "correct horse battery"
# For tests that sign in often and are not about hashing.
QUICK_HASHER = "django.contrib.auth.hashers.MD5PasswordHasher"


def person_with_password(email: str = "nina@example.com", password: str | None = PASSWORD) -> User:
    user = User.objects.create_user(email=email, password=password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def sign_in(user: User, browser: Browser | None = None, password: str = PASSWORD) -> tuple[Browser, Any]:
    """Send the sign-in form; return the browser and the answer."""
    browser = browser or Browser()
    return browser, browser.post("/account/login/", {"login": user.email, "password": password})


def sign_in_by_code(user: User) -> Browser:
    browser = Browser()
    answer = browser.post("/account/login/code/", {"email": user.email})
    found = re.search(r"\b[A-Z0-9]{3,4}-?[A-Z0-9]{3,4}\b", str(mail.outbox[-1].body))
    assert found
    browser.post(answer["Location"], {"code": found[0]})
    assert is_in(browser)
    return browser


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/profile/").status_code == 200)


def confirm(browser: Browser, password: str = PASSWORD) -> None:
    """Sign in afresh, as a change of factors asks for."""
    browser.post("/account/reauthenticate/?next=/account/factors/", {"password": password})


def totp_code(secret: str) -> str:
    """Return what an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def enrol_totp(browser: Browser) -> tuple[str, list[str]]:
    """Set up an authenticator app; return its secret and the recovery codes that were shown."""
    confirm(browser)
    secret = browser.get("/account/factors/totp/activate/").context["form"].secret
    answer = browser.post("/account/factors/totp/activate/", {"code": totp_code(secret)})
    shown = browser.get(answer["Location"])
    return secret, list(shown.context["unused_codes"])
