"""Is it alive, is it ready, and what is wrong: probes, and the operator's page."""

from typing import Any

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from dashboard.accounts.access import platform, public
from dashboard.accounts.models import PlatformRole
from dashboard.freshness.models import SyncCursor
from dashboard.freshness.selectors import outage_columns, run_list, trouble_list, worker_is_alive
from dashboard.notify.models import OutboxMail

_migrated: list[bool] = []


@public
@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """The database answers, its schema is this code's, and a worker was seen within the last two minutes."""
    checks = readiness()
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def readiness() -> dict[str, bool]:
    try:
        return {"database": True, "migrations": _is_migrated(), "worker": worker_is_alive()}
    except Error:  # InterfaceError, too: a lost connection is no DatabaseError
        return {"database": False, "migrations": False, "worker": False}


def _is_migrated() -> bool:
    """Compare once until it is true: within one process the schema does not go back."""
    if not _migrated:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        _migrated.append(True)
    return True


@platform(PlatformRole.OPERATOR)
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    context = {
        "worker_alive": worker_is_alive(),
        "streams": stream_counts(),
        "troubles": trouble_list(limit=20),
        "runs": run_list(limit=20),
        "mail": mail_counts(),
    }
    return render(request, "web/health.html", context)


def stream_counts() -> dict[str, Any]:
    """Return how many streams there are, run, wait overdue, fail and are stopped; and an open outage."""
    now = timezone.now()
    at_rest = (SyncCursor.Stopped.RELEASED, SyncCursor.Stopped.DONE)
    return SyncCursor.objects.exclude(stopped__in=at_rest).aggregate(
        all=Count("pk"),
        running=Count("pk", filter=~Q(running_since=None)),
        overdue=Count("pk", filter=Q(due_at__lte=now, running_since=None, stopped="")),
        failing=Count("pk", filter=~Q(error_code="") & Q(stopped="")),
        stopped=Count("pk", filter=~Q(stopped="")),
        **{name: Max(column) for name, column in outage_columns().items()},
    )


def mail_counts() -> dict[str, int]:
    return OutboxMail.objects.aggregate(
        waiting=Count("pk", filter=Q(sent_at=None, given_up_at=None)),
        given_up=Count("pk", filter=~Q(given_up_at=None)),
    )
