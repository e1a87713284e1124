"""Second factors, passkeys and sessions: what allauth asks of us about them."""

import time
from collections.abc import Iterable

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.lib.sealing import seal, unseal

# Associated data of a sealed factor: it opens as a factor, never as an agent's token. Not the row, since allauth seals
# before there is one.
SEAL_IDENTITY = "sign-in factor"


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return seal(text, identity=SEAL_IDENTITY)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, identity=SEAL_IDENTITY)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 allauth's name
        held = Authenticator.objects.filter(user=user, type=type).count()
        return f"Passkey {held + 1}" if held else "Passkey"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": f"{settings.PRODUCT_NAME} dashboard"}


class SessionAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        for session in sessions:
            session_end(session)


def session_end(session: UserSession) -> None:
    """Sign a browser out: its next request is a stranger's. Audited."""
    with transaction.atomic():
        audit_record(
            action="session.ended",
            actor=session.user,
            subject=("user", str(session.user.pk), session.user.email),
            before={"ip": session.ip, "browser": session.user_agent, "since": session.created_at.isoformat()},
        )
        session.end()


def fresh_sign_in_require(request: HttpRequest, user: User) -> None:
    """Send somebody who has neither password nor factor to sign in again, unless they did just now.

    allauth asks for a password or a factor; of a person who signs in by mailed codes it would ask nothing, and whoever
    finds their browser open could add a way in of their own. Raises ImmediateHttpResponse.
    """
    if get_adapter().get_reauthentication_methods(user):
        return
    latest = (get_authentication_records(request, user) or [{}])[-1]
    if time.time() - latest.get("at", 0) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return
    logout(request)
    messages.info(request, "What you were about to do asks for a fresh sign-in: please sign in again.")
    raise ImmediateHttpResponse(redirect_to_login(request.get_full_path()))
