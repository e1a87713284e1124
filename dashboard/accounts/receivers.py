"""What follows from events of the sign-in family."""

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from dashboard.accounts.models import User
from dashboard.accounts.sessions import session_begin
from dashboard.audit.services import audit_record


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


@receiver(user_logged_in)
def session_begun(request: HttpRequest, **_: object) -> None:
    session_begin(request.session)


@receiver(authenticator_added)
def factor_added(user: User, authenticator: Authenticator, **_: object) -> None:
    _audit_factor("factor.added", user, after=_factor(authenticator))


@receiver(authenticator_removed)
def factor_removed(user: User, authenticator: Authenticator, **_: object) -> None:
    _audit_factor("factor.removed", user, before=_factor(authenticator))


@receiver(authenticator_reset)
def factor_renewed(user: User, authenticator: Authenticator, **_: object) -> None:
    _audit_factor("factor.renewed", user, after=_factor(authenticator))


@receiver(authentication_failed)
def factor_refused(user: User, authenticator: Authenticator, **_: object) -> None:
    _audit_factor("factor.refused", user, before=_factor(authenticator), refused="wrong code")


def _factor(authenticator: Authenticator) -> dict[str, str]:
    named = {"name": authenticator.wrap().name} if authenticator.type == Authenticator.Type.WEBAUTHN else {}
    return {"factor": authenticator.type, **named}


def _audit_factor(
    action: str,
    user: User,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
    refused: str = "",
) -> None:
    audit_record(
        action=action,
        actor=user,
        subject=("user", str(user.pk), user.email),
        before=before,
        after=after,
        refused=refused,
    )
