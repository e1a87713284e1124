"""Whose mail address is whose."""

from allauth.account.models import EmailAddress

from dashboard.accounts.models import User


def verified_addresses(user: User) -> list[str]:
    """Return the addresses that this person has confirmed, in lower case."""
    confirmed = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return [email.lower() for email in confirmed]


def mailbox_of(email: str) -> str:
    """Return the mailbox of an address, without a tag: a+1@ and a+2@ reach one person."""
    local, _, domain = email.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
