"""The webhook of a workspace; its secret is in the one answer that made it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.accounts.access import OWNER_ONLY, Scope, member
from dashboard.accounts.models import Workspace
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.alerts.forms import WebhookForm
from dashboard.alerts.models import Webhook
from dashboard.alerts.selectors import webhook_of
from dashboard.alerts.services import AlertsRefused
from dashboard.alerts.signing import HEADER
from dashboard.alerts.webhooks import (
    waiting_count,
    webhook_remove,
    webhook_save,
    webhook_secret_renew,
    webhook_test,
)


@member(OWNER_ONLY)
@require_http_methods(READ_OR_SEND)
@fresh_sign_in
def webhook(request: HttpRequest, scope: Scope) -> HttpResponse:
    hook = webhook_of(scope.workspace)
    form = WebhookForm(request.POST or None, initial={"url": hook.url, "preset": hook.preset} if hook else {})
    if request.method == "POST" and form.is_valid():
        secret = webhook_save(workspace=scope.workspace, actor=scope.user, **form.cleaned_data)
        if secret:
            return _page(request, scope, WebhookForm(initial=form.cleaned_data), secret=secret)
        messages.success(request, "Saved.")
        return redirect("alerts:webhook", scope.workspace.key)
    return _page(request, scope, form)


@member(OWNER_ONLY)
@require_POST
@fresh_sign_in
def webhook_secret(request: HttpRequest, scope: Scope) -> HttpResponse:
    hook = _hook_or_404(scope.workspace)
    secret = webhook_secret_renew(webhook=hook, actor=scope.user)
    return _page(request, scope, WebhookForm(initial={"url": hook.url, "preset": hook.preset}), secret=secret)


@member(OWNER_ONLY)
@require_POST
@fresh_sign_in
def webhook_removal(request: HttpRequest, scope: Scope) -> HttpResponse:
    webhook_remove(webhook=_hook_or_404(scope.workspace), actor=scope.user)
    messages.success(request, "Removed. Nothing is posted any more; what was sent stays in the list.")
    return redirect("alerts:webhook", scope.workspace.key)


@member(OWNER_ONLY)
@require_POST
def webhook_trial(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Post a test to the address now, and say what came back."""
    try:
        problem = webhook_test(webhook=_hook_or_404(scope.workspace))
    except AlertsRefused as refusal:
        messages.info(request, str(refusal))
    else:
        if problem:
            messages.error(request, f"The test did not arrive. {problem}")
        else:
            messages.success(request, "The test arrived.")
    return redirect("alerts:webhook", scope.workspace.key)


def _hook_or_404(workspace: Workspace) -> Webhook:
    hook = webhook_of(workspace)
    if hook is None:
        raise Http404
    return hook


def _page(request: HttpRequest, scope: Scope, form: WebhookForm, *, secret: str = "") -> HttpResponse:
    hook = webhook_of(scope.workspace)
    context = {
        "scope": scope,
        "form": form,
        "webhook": hook,
        "waiting": waiting_count(hook) if hook else 0,
        "secret": secret,
        "header": HEADER,
    }
    return render(request, "alerts/webhook.html", context, status=422 if form.errors else 200)
