"""Pages of operators: whom there is, and giving a workspace that lost its owner another one."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.changes import ChangeRefused
from dashboard.accounts.member_forms import ReassignForm
from dashboard.accounts.members import ownership_reassign
from dashboard.accounts.models import PlatformRole
from dashboard.accounts.selectors import member_list, people_search, workspace_get
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in


@platform(PlatformRole.OPERATOR)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    return render(request, "accounts/people.html", {"text": text, "found": people_search(text)})


@platform(PlatformRole.OPERATOR)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def workspace_people(request: HttpRequest, workspace_key: str) -> HttpResponse:
    """Show who is in a workspace, and on POST make somebody its owner."""
    workspace = workspace_get(workspace_key)
    form = ReassignForm(request.POST or None, initial={"present_owners": "stay"})
    if request.method == "POST" and form.is_valid():
        try:
            ownership_reassign(
                workspace=workspace,
                email=form.cleaned_data["email"],
                reason=form.cleaned_data["reason"],
                is_sole=form.cleaned_data["present_owners"] == "viewers",
                actor=viewer(request),
            )
        except ChangeRefused as refusal:
            form.add_error("email", str(refusal))
        else:
            said = "<bdi>{}</bdi> owns <bdi>{}</bdi> now."
            messages.success(request, format_html(said, form.cleaned_data["email"], workspace.name))
            return redirect("accounts:workspace_people", workspace.key)
    context = {"workspace": workspace, "members": member_list(workspace), "form": form}
    return render(request, "accounts/workspace_people.html", context, status=422 if form.errors else 200)
