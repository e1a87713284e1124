"""Pages of what is offered to people: invitations, and the ownership of a workspace."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, OWNER_ONLY, Scope, member, public, signed_in, viewer
from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.handovers import handover_accept, handover_decline, handover_start
from dashboard.accounts.invitations import (
    USELESS,
    invitation_accept,
    invitation_decline,
    invitation_for,
    invitation_resend,
    invitation_revoke,
    invitation_send,
)
from dashboard.accounts.member_forms import HandoverForm, InvitationForm
from dashboard.accounts.models import Role
from dashboard.accounts.selectors import handover_get, invitation_get, member_get, member_list
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in

SESSION_KEY = "invitation"


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def invitation_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = InvitationForm(request.POST or None, initial={"role": Role.VIEWER})
    if request.method == "POST" and form.is_valid():
        try:
            sent = invitation_send(workspace=scope.workspace, actor=scope.user, **form.cleaned_data)
        except ChangeRefused as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, format_html("An invitation goes to <bdi>{}</bdi>.", sent.email))
            return redirect("accounts:settings", scope.workspace.key)
    context = {"scope": scope, "form": form}
    return render(request, "accounts/invitation_new.html", context, status=422 if form.errors else 200)


@member(OWNER_ONLY)
@require_POST
@fresh_sign_in
def invitation_again(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    """Send a new link; the older one stops working."""
    try:
        sent = invitation_resend(invitation=invitation_get(scope.workspace, key), actor=scope.user)
    except ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        said = "A new invitation goes to <bdi>{}</bdi>. The older link no longer works."
        messages.success(request, format_html(said, sent.email))
    return redirect("accounts:settings", scope.workspace.key)


@member(OWNER_ONLY)
@require_POST
def invitation_withdrawal(request: HttpRequest, scope: Scope, key: UUID) -> HttpResponse:
    invitation = invitation_get(scope.workspace, key)
    try:
        invitation_revoke(invitation=invitation, actor=scope.user)
    except ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, format_html("The invitation of <bdi>{}</bdi> is withdrawn.", invitation.email))
    return redirect("accounts:settings", scope.workspace.key)


@public
@never_cache
@require_GET
def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """Take the link out of the address at once: it waits in the session until somebody has signed in."""
    request.session[SESSION_KEY] = token[:100]
    return redirect("accounts:invitation")


@signed_in
@never_cache
@require_http_methods(READ_OR_SEND)
def invitation(request: HttpRequest) -> HttpResponse:
    """Show whoever is signed in what they were offered, and take their answer."""
    user, token = viewer(request), str(request.session.get(SESSION_KEY, ""))
    if request.method == "POST":
        try:
            return _invitation_answer(request, token)
        except ChangeRefused as refusal:
            return render(request, "accounts/invitation_useless.html", {"refused": str(refusal)}, status=422)
    found = invitation_for(token=token, user=user)
    if found is None:
        return render(request, "accounts/invitation_useless.html", {"refused": USELESS}, status=404)
    return render(request, "accounts/invitation.html", {"invitation": found})


def _invitation_answer(request: HttpRequest, token: str) -> HttpResponse:
    user = viewer(request)
    if request.POST.get("answer") != "accept":
        invitation_decline(token=token, user=user)
        request.session.pop(SESSION_KEY, None)
        messages.success(request, "Declined: you did not join.")
        return redirect("web:home")
    joined = invitation_accept(token=token, user=user)
    request.session.pop(SESSION_KEY, None)
    messages.success(request, format_html("You are in <bdi>{}</bdi>.", joined.workspace.name))
    return redirect("web:overview", joined.workspace.key)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def handover_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    others = [one for one in member_list(scope.workspace) if one.role != Role.OWNER and one.user.is_active]
    form = HandoverForm(request.POST or None, members=others)
    if request.method == "POST" and form.is_valid():
        try:
            chosen = member_get(scope.workspace, form.cleaned_data["member"]).user
            handover_start(workspace=scope.workspace, taker=chosen, actor=scope.user)
        except ChangeRefused as refusal:
            form.add_error("member", str(refusal))
        else:
            said = "<bdi>{}</bdi> was asked. Until they accept, nothing changes."
            messages.success(request, format_html(said, chosen.display_name))
            return redirect("accounts:settings", scope.workspace.key)
    context = {"scope": scope, "form": form, "others": others}
    return render(request, "accounts/handover_new.html", context, status=422 if form.errors else 200)


@member(EVERY_ROLE)
@require_POST
@fresh_sign_in
def handover_acceptance(request: HttpRequest, scope: Scope) -> HttpResponse:
    try:
        handover_accept(handover=handover_get(scope.workspace), user=scope.user)
    except ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, format_html("<bdi>{}</bdi> is yours.", scope.workspace.name))
    return redirect("accounts:settings", scope.workspace.key)


@member(EVERY_ROLE)
@require_POST
def handover_refusal(request: HttpRequest, scope: Scope) -> HttpResponse:
    """The one who was asked declines, or an owner takes the offer back."""
    try:
        handover_decline(handover=handover_get(scope.workspace), user=scope.user)
    except ChangeRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The offer is over. Nothing changed.")
    return redirect("accounts:settings", scope.workspace.key)
