"""How long a session lasts, and which browsers are signed in."""

from collections.abc import Mapping
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from dashboard.accounts.models import User

BEGUN, SEEN = "begun_at", "seen_at"
# How stale the note of the last visit may grow before it is written again: a page is read without a write.
SEEN_NOTED_SECONDS = 600


def session_begin(session: SessionBase) -> None:
    """Note when a person signed in and was last there, as seconds since the epoch."""
    session[BEGUN] = session[SEEN] = timezone.now().timestamp()


def session_is_over(kept: Mapping[str, Any] | SessionBase) -> bool:
    """Tell whether a session was left alone, or lasted, for too long; one without notes did neither yet."""
    now = timezone.now().timestamp()
    lasted: float = now - kept.get(BEGUN, now)
    idle: float = now - kept.get(SEEN, now)
    return lasted >= settings.SESSION_COOKIE_AGE or idle >= settings.SESSION_IDLE_SECONDS


def session_touch(session: SessionBase) -> None:
    """Note a visit, if the last note is old."""
    if BEGUN not in session:
        session_begin(session)
    now = timezone.now().timestamp()
    if now - session.get(SEEN, 0) >= SEEN_NOTED_SECONDS:
        session[SEEN] = now


def session_list(user: User) -> list[UserSession]:
    """Return the person's signed-in browsers, the oldest first, in two queries; what ended otherwise is forgotten."""
    listed = list(UserSession.objects.filter(user=user).order_by("created_at", "pk"))
    keys = [one.session_key for one in listed]
    live = {
        row.session_key
        for row in Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        if _is_of(user, row.get_decoded())
    }
    ended = [one.pk for one in listed if one.session_key not in live]
    if ended:
        UserSession.objects.filter(pk__in=ended).delete()
    return [one for one in listed if one.session_key in live]


def _is_of(user: User, kept: dict[str, Any]) -> bool:
    """Tell whether these contents still sign the person in: a changed password ends what was begun before it."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    kept_hash = kept.get(HASH_SESSION_KEY, "")
    return not session_is_over(kept) and any(constant_time_compare(kept_hash, one) for one in hashes)
