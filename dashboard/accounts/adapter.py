"""How allauth's sign-up fits in: each new person gets a workspace of their own."""

from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest

from dashboard.accounts.factors import fresh_sign_in_require
from dashboard.accounts.models import User
from dashboard.accounts.services import workspace_create

log = structlog.get_logger(__name__)

WAY_WORDS = {
    "mfa_reauthenticate": "Use your app or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit=commit)
            if commit:
                workspace_create(owner=saved, name=workspace_name(saved.email))
        return saved

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send within the request: a code lives for minutes, and has no business in an outbox row.

        A mail server that is away takes no page down: the person is told, and can ask for another mail there.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.warning("mail_failed", template=template_prefix, error=type(error).__name__)
            messages.error(self.request, "The mail could not be sent just now. Ask for it again in a few minutes.")

    def get_reauthentication_methods(self, user: User) -> list[dict[str, str]]:
        return [
            {**way, "description": WAY_WORDS.get(way["id"], way["description"])}
            for way in super().get_reauthentication_methods(user)
        ]

    def is_reauthentication_required(self, *, app: str, **more: object) -> bool:
        """Ask for a fresh sign-in also of a person whom allauth has nothing to ask for."""
        is_required = bool(super().is_reauthentication_required(app=app, **more))
        if is_required and isinstance(self.request.user, User):
            fresh_sign_in_require(self.request, self.request.user)
        return is_required


def workspace_name(email: str) -> str:
    """A first name for a workspace, from the address' local part; its owner can change it."""
    return f"{email.partition('@')[0][:60]}'s workspace"
