"""Settings of a workspace: its name, its members and their roles, its ownership."""

from collections.abc import Callable
from typing import TypeVar, cast

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, OWNER_ONLY, Scope, member, signed_in, viewer
from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.member_forms import RoleForm, WorkspaceForm
from dashboard.accounts.members import member_remove, role_change, workspace_add, workspace_rename
from dashboard.accounts.selectors import handover_open, invitation_list, member_get, member_list

READ_OR_SEND = ["GET", "HEAD", "POST"]
Page = TypeVar("Page", bound=Callable[..., HttpResponse])


def fresh_sign_in(view: Page) -> Page:
    """Let a form be read at any time, and sent after a sign-in of the last minutes alone; stands beneath the access."""
    return cast("Page", reauthentication_required(view, allow_get=True))


@member(EVERY_ROLE)
@require_GET
def settings(request: HttpRequest, scope: Scope) -> HttpResponse:
    return render(request, "accounts/settings.html", _settings_context(scope))


@member(OWNER_ONLY)
@require_POST
def workspace_name(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = WorkspaceForm(request.POST)
    if form.is_valid():
        try:
            workspace_rename(workspace=scope.workspace, name=form.cleaned_data["name"], actor=scope.user)
        except ChangeRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("accounts:settings", scope.workspace.key)
    return render(request, "accounts/settings.html", {**_settings_context(scope), "form": form}, status=422)


def _settings_context(scope: Scope) -> dict[str, object]:
    is_owner = scope.may(OWNER_ONLY)
    return {
        "scope": scope,
        "is_owner": is_owner,
        "form": WorkspaceForm(initial={"name": scope.workspace.name}),
        "members": member_list(scope.workspace),
        "invitations": invitation_list(scope.workspace) if is_owner else [],
        "handover": handover_open(scope.workspace),
    }


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def member_role(request: HttpRequest, scope: Scope, member_id: int) -> HttpResponse:
    held = member_get(scope.workspace, member_id)
    form = RoleForm(request.POST or None, initial={"role": held.role})
    if request.method == "POST" and form.is_valid():
        try:
            role_change(workspace=scope.workspace, user=held.user, role=form.cleaned_data["role"], actor=scope.user)
        except ChangeRefused as refusal:
            form.add_error("role", str(refusal))
        else:
            said = format_html("<bdi>{}</bdi>: {}.", held.user.display_name, form.cleaned_data["role"].label)
            messages.success(request, said)
            return redirect("accounts:settings", scope.workspace.key)
    context = {"scope": scope, "held": held, "form": form}
    return render(request, "accounts/member_role.html", context, status=422 if form.errors else 200)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def member_removal(request: HttpRequest, scope: Scope, member_id: int) -> HttpResponse:
    """Ask, and on POST take somebody out of the workspace; whoever looks at themselves may leave instead."""
    held, refused = member_get(scope.workspace, member_id), ""
    if held.user_id == scope.user.pk:
        return redirect("accounts:member_leave", scope.workspace.key)
    if request.method == "POST":
        try:
            member_remove(workspace=scope.workspace, user=held.user, actor=scope.user)
        except ChangeRefused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, format_html("<bdi>{}</bdi> is out.", held.user.display_name))
            return redirect("accounts:settings", scope.workspace.key)
    context = {"scope": scope, "held": held, "refused": refused}
    return render(request, "accounts/member_removal.html", context, status=422 if refused else 200)


@member(EVERY_ROLE)
@require_http_methods(READ_OR_SEND)
def member_leave(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Ask, and on POST let the visitor leave; the last owner hands over first."""
    refused = ""
    if request.method == "POST":
        try:
            member_remove(workspace=scope.workspace, user=scope.user, actor=scope.user)
        except ChangeRefused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, format_html("You left <bdi>{}</bdi>.", scope.workspace.name))
            return redirect("web:home")
    context = {"scope": scope, "refused": refused, "is_owner": scope.may(OWNER_ONLY)}
    return render(request, "accounts/member_leave.html", context, status=422 if refused else 200)


@signed_in
@require_http_methods(READ_OR_SEND)
def workspace_new(request: HttpRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = workspace_add(name=form.cleaned_data["name"], owner=viewer(request))
        except ChangeRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("web:overview", made.key)
    return render(request, "accounts/workspace_new.html", {"form": form}, status=422 if form.errors else 200)
