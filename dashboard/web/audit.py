"""The audit log: a workspace's for its owners, everything for operators; on a page and as a file."""

from datetime import UTC

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import OWNER_ONLY, Scope, member, platform, viewer
from dashboard.accounts.models import PlatformRole, Workspace
from dashboard.audit.forms import AuditFilterForm
from dashboard.audit.models import AuditEntry
from dashboard.audit.selectors import COUNT_LIMIT, entry_count, entry_list, entry_page, entry_stream
from dashboard.audit.services import audit_record
from dashboard.lib.export import file_answer
from dashboard.lib.forms import FileKindForm

COLUMNS = (
    "id",
    "at",
    "actor_id",
    "actor",
    "action",
    "outcome",
    "reason",
    "subject_kind",
    "subject_id",
    "subject",
    "workspace_id",
    "before",
    "after",
)


@member(OWNER_ONLY)
@require_GET
def audit_log(request: HttpRequest, scope: Scope) -> HttpResponse:
    return _page(request, scope)


@platform(PlatformRole.OPERATOR)
@require_GET
def audit_log_all(request: HttpRequest) -> HttpResponse:
    return _page(request, None)


@member(OWNER_ONLY)
@require_POST
def audit_export(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    return _file(request, scope)


@platform(PlatformRole.OPERATOR)
@require_POST
def audit_export_all(request: HttpRequest) -> HttpResponseBase:
    return _file(request, None)


def _page(request: HttpRequest, scope: Scope | None) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    context: dict[str, object] = {"scope": scope, "form": form, "export_url": _url("web:audit_export", scope)}
    # A filter that cannot be read shows what is wrong with it and no rows: all of them would be an answer to nothing.
    if form.is_valid():
        entries = entry_list(form.wanted, workspace_id=scope.workspace.pk if scope else None)
        page = entry_page(entries, cursor=request.GET.get("page", ""))
        context |= {"page": page, "count": entry_count(entries), "count_limit": COUNT_LIMIT}
        context |= {"is_filtered": bool(form.wanted.said), "workspaces": {} if scope else _workspaces(page.rows)}
    return render(request, "web/audit_log.html", context)


def _workspaces(entries: list[AuditEntry]) -> dict[int, Workspace]:
    return Workspace.objects.in_bulk({entry.workspace_id for entry in entries if entry.workspace_id})


def _file(request: HttpRequest, scope: Scope | None) -> HttpResponseBase:
    """Answer with the rows of the address's filter; the export stands in the log before its first line leaves."""
    form, export = AuditFilterForm(request.GET), FileKindForm(request.POST)
    if not form.is_valid() or not export.is_valid():
        return redirect(f"{_url('web:audit_log', scope)}?{request.GET.urlencode()}")
    kind = export.cleaned_data["kind"]
    workspace = scope.workspace if scope else None
    entries = entry_list(form.wanted, workspace_id=workspace.pk if workspace else None)
    record = audit_record(
        action="audit.exported",
        actor=viewer(request),
        workspace_id=workspace.pk if workspace else None,
        subject=("audit_log", workspace.key if workspace else "all", workspace.name if workspace else "everything"),
        after={"format": kind, "filter": form.wanted.said},
    )
    # What was there when the button was pressed: the file neither holds its own entry nor grows while it is read.
    rows = map(_row, entry_stream(entries.filter(pk__lt=record.pk)))
    return file_answer(f"audit-{workspace.key if workspace else 'all'}", kind, COLUMNS, rows)


def _row(entry: AuditEntry) -> dict[str, object]:
    own = {name: getattr(entry, name) for name in COLUMNS if hasattr(entry, name)}
    at = entry.at.astimezone(UTC).isoformat()
    return own | {"at": at, "actor": entry.actor_label, "subject": entry.subject_label}


def _url(name: str, scope: Scope | None) -> str:
    return reverse(name, args=[scope.workspace.key]) if scope else reverse(f"{name}_all")
