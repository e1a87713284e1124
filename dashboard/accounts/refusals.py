"""Noting in the audit log whom a page was refused to."""

from datetime import timedelta

from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.audit.services import audit_record

# One entry a person, page and workspace in each hour, and so many entries a person: a robot that knocks at every door
# must not bury what people did. Each refusal has its line in the log of requests all the same.
NOTED_ONCE = timedelta(hours=1)
NOTED_AT_MOST = 20


def refusal_note(request: HttpRequest, user: User, *, workspace: Workspace | None, reason: str) -> None:
    """Audit that a page was refused: who, which URL name, which workspace (None: a page over all of them)."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    workspace_id = workspace.pk if workspace else None
    if _is_new(f"refusal:{user.pk}:{name}:{workspace_id}") and _counted(f"refusals:{user.pk}") <= NOTED_AT_MOST:
        audit_record(
            action="access.refused",
            actor=user,
            workspace_id=workspace_id,
            subject=("page", name, name),
            refused=reason,
        )


def _is_new(key: str) -> bool:
    return cache.add(_of_this_hour(key), 1, NOTED_ONCE.total_seconds())


def _counted(key: str) -> int:
    key = _of_this_hour(key)
    cache.add(key, 0, NOTED_ONCE.total_seconds())
    return cache.incr(key)


def _of_this_hour(key: str) -> str:
    return f"{key}:{int(timezone.now().timestamp() // NOTED_ONCE.total_seconds())}"
