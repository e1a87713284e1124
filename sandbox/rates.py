"""How often one caller may ask, where a setting limits it (INF); off by default, since a sandbox is driven hard."""

from django.conf import settings
from django.http import HttpRequest

from sandbox.access import Allowance
from sandbox.errors import ApiError
from sandbox.models import Agent

_callers = Allowance()


def admit(request: HttpRequest, agent: Agent | None) -> None:
    """Raises RATE_LIMITED above the allowance: of the agent, or of the address where there is no token."""
    limit = settings.SANDBOX_REQUESTS_PER_MINUTE
    if not limit:
        return
    caller = agent.id if agent else str(request.META.get("REMOTE_ADDR", ""))
    wait = _callers.take(caller.encode(), limit)
    if wait:
        recovery = {"retry_after_seconds": int(wait) + 1}
        raise ApiError("RATE_LIMITED", "This caller has used its requests of the minute.", recovery=recovery)
