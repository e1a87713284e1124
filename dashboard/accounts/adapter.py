"""How allauth's sign-up fits in: each new person gets a workspace of their own."""

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest

from dashboard.accounts.models import User
from dashboard.accounts.services import workspace_create


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def save_user(self, request: HttpRequest, user: User, form: Form, commit: bool = True) -> User:
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit=commit)
            if commit:
                workspace_create(owner=saved, name=workspace_name(saved.email))
        return saved


def workspace_name(email: str) -> str:
    """A first name for a workspace, from the address' local part; its owner can change it."""
    return f"{email.partition('@')[0][:60]}'s workspace"
