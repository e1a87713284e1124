"""The link that ends a person's alert mails of one place, for whoever holds the mail: signed, without an end."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from dashboard.accounts.models import PlatformRole, User, Workspace
from dashboard.alerts.models import Preference
from dashboard.alerts.recipients import preference_default

_signer = Signer(sep=".", salt="alerts.unsubscribe")


def unsubscribe_url(preference: Preference) -> str:
    """Return the address that stops the mails of this preference, saved or not."""
    place = preference.workspace.key if preference.workspace else preference.role
    token = _signer.sign(f"{preference.user_id}-{place}")
    return settings.DASHBOARD_URL + reverse("alerts:unsubscribe", args=[token])


def unsubscribe_headers(url: str) -> dict[str, str]:
    """Return the headers by which a mail program offers its own button (RFC 2369, RFC 8058)."""
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def preference_of_link(token: str) -> Preference | None:
    """Return the preference that a link speaks of, unsaved where none was made; None for what we did not sign."""
    try:
        user_id, _, place = _signer.unsign(token).partition("-")
    except BadSignature:
        return None
    user = User.objects.filter(pk=int(user_id)).first()
    if user is None:
        return None
    if place in PlatformRole.values:
        kept = Preference.objects.filter(user=user, workspace=None, role=place).first()
        return kept or preference_default(user, workspace_id=None, role=place)
    workspace = Workspace.objects.filter(key=place).first()
    if workspace is None:
        return None
    kept = Preference.objects.select_related("workspace").filter(user=user, workspace=workspace).first()
    return kept or _of_member(user, workspace)


def _of_member(user: User, workspace: Workspace) -> Preference | None:
    held = user.memberships.filter(workspace=workspace).first()
    return preference_default(user, workspace_id=workspace.pk, role=held.role) if held else None
