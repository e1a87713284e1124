"""Whose mail address is whose."""

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.db.models.functions import Lower

from dashboard.accounts.models import User


def verified_addresses(user: User) -> QuerySet[EmailAddress, str]:
    """Return the addresses that this person has confirmed, in lower case; whoever asks by them asks one query."""
    confirmed: QuerySet[EmailAddress, str] = EmailAddress.objects.filter(user=user, verified=True).values_list(
        Lower("email"), flat=True
    )
    return confirmed


def mailbox_of(email: str) -> str:
    """Return the mailbox of an address, without a tag: a+1@ and a+2@ reach one person."""
    local, _, domain = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
