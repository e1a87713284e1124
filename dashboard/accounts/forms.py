"""Forms of the sign-in family that are not allauth's own."""

import struct
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms

# What the parser of passkey answers raises, beside its own errors, when a stranger sends anything at all.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, struct.error)


class HostileAnswer:
    """Mixin: a passkey's answer that does not parse is a wrong answer, not a fault of ours."""

    def clean_credential(self) -> Any:  # noqa: ANN401 an Authenticator, which allauth does not type
        try:
            return super().clean_credential()  # type: ignore[misc]
        except MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None


class AuthenticatePasskeyForm(HostileAnswer, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class LoginPasskeyForm(HostileAnswer, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class ReauthenticatePasskeyForm(HostileAnswer, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(max_length=60, required=False, help_text="So that you can tell your keys apart.")
    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        initial=True,
        help_text="It then asks for your fingerprint, face or PIN, and stands for password and second factor.",
    )

    def clean(self) -> dict[str, Any]:
        try:
            return dict(super().clean())
        except MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None
