"""Keeping originals: the rule, what is kept, purging by age and purging one picture."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.assets.keeping import keep_rule_change, keep_rule_get, kept_sum, originals_purge
from dashboard.assets.keeping_forms import KeepRuleForm, PurgeForm
from dashboard.assets.purging import asset_purge
from dashboard.assets.selectors import asset_get


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def originals(request: HttpRequest, scope: Scope) -> HttpResponse:
    rule = keep_rule_get(scope.workspace)
    form = KeepRuleForm(request.POST or None, initial={"is_on": rule.is_on, "days": rule.days})
    if request.method == "POST" and form.is_valid():
        keep_rule_change(workspace=scope.workspace, user=scope.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("assets:originals", scope.workspace.key)
    context = {"scope": scope, "form": form, "rule": rule, "kept": kept_sum(scope.workspace)}
    return render(request, "assets/originals.html", context, status=422 if form.errors else 200)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def purge(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = PurgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        purged = originals_purge(workspace=scope.workspace, user=scope.user, **form.cleaned_data)
        messages.success(request, f"{purged} originals purged.")
        return redirect("assets:originals", scope.workspace.key)
    context = {"scope": scope, "form": form, "kept": kept_sum(scope.workspace)}
    return render(request, "assets/originals_purge.html", context, status=422 if form.errors else 200)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def asset_purged(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    """Ask once more what purging one picture means, then do it."""
    asset = asset_get(scope.workspace, number)
    if request.method == "POST":
        purged = asset_purge(asset=asset, user=scope.user)
        messages.success(request, f"Purged: {purged} asset{'' if purged == 1 else 's'} with these bytes.")
        return redirect("assets:asset_purge", scope.workspace.key, number)
    return render(request, "assets/asset_purge.html", {"scope": scope, "asset": asset})
