"""The pages of allauth that AccessMiddleware takes as they are: each is declared here, and each that is about a person
asks for one."""

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.urls import get_resolver, reverse

from dashboard.accounts.access import Decision
from dashboard.accounts.middleware import decision_of
from tests.dashboard.accounts.test_access import patterns

# For visitors who are not signed in: signing up, signing in, confirming, resetting.
ENTRANCE = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_request_login_code",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_password_reset_code",
    "account_complete_password_reset",
    "account_password_reset_completed",
    "mfa_authenticate",
    "mfa_login_webauthn",
}
# About the person who is signed in.
PERSON = {
    "account_email",
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_edit_webauthn",
}
THEIRS = {
    name
    for name, pattern in patterns(get_resolver(settings.ROOT_URLCONF))
    if decision_of(pattern.callback) == Decision("third_party")
}


def address(name: str) -> str:
    return reverse(name, kwargs={"pk": 1} if name in {"mfa_remove_webauthn", "mfa_edit_webauthn"} else None)


def test_every_third_party_page_is_declared() -> None:
    assert THEIRS == ENTRANCE | PERSON


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("name", sorted(PERSON))
def test_page_about_a_person_asks_for_one(name: str, method: str) -> None:
    answer = getattr(Browser(), method)(address(name))
    assert answer.status_code in {302, 405}
    assert answer.status_code == 405 or answer["Location"].startswith("/account/login/")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["mfa_authenticate"])
def test_second_factor_is_asked_only_in_the_middle_of_a_sign_in(name: str) -> None:
    for method in ("get", "post"):
        assert getattr(Browser(), method)(address(name))["Location"] == "/account/login/"
