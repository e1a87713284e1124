"""What follows from events of the sign-in family."""

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver
from django.http import HttpRequest


@receiver(email_confirmed)
def strangers_password_drop(request: HttpRequest, email_address: EmailAddress, **_: object) -> None:
    """Forget the password of an account whose address is first verified by a sign-in code.

    Whoever reads that mailbox did not have to know the password, so somebody else may have set it: they signed up with
    an address that is not theirs and waited for its owner.
    """
    user = email_address.user
    latest = (get_authentication_records(request, user) or [{}])[-1]
    if latest.get("method") != "code" or latest.get("email") != email_address.email:
        return
    if not EmailAddress.objects.filter(user=user, verified=True).exclude(pk=email_address.pk).exists():
        user.set_unusable_password()
        user.save(update_fields=["password"])
