"""Alerts of a workspace, and what its members are told."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard.accounts.access import EVERY_ROLE, OWNER_ONLY, Scope, member, public
from dashboard.accounts.views import READ_OR_SEND
from dashboard.alerts.forms import ExemptionForm, PreferenceForm
from dashboard.alerts.kinds import kinds_for
from dashboard.alerts.models import Audience
from dashboard.alerts.selectors import (
    alert_list_open,
    alert_page_ended,
    alerts_for,
    deliveries_for,
    delivery_get,
    delivery_page,
    inheritance_get,
    inheritance_list,
    preference_get,
    webhook_of,
)
from dashboard.alerts.services import (
    AlertsRefused,
    delivery_again,
    exemption_add,
    exemption_remove,
    inheritance_end,
    preference_save,
    unsubscribe,
)
from dashboard.alerts.unsubscribing import preference_of_link

CHOSEN = ("preset", "has_mail", "rhythm", "digest_hour", "quiet_from", "quiet_until")


@member(EVERY_ROLE)
@require_GET
def alert_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    mine = alerts_for(scope.user, workspace=scope.workspace, audience=Audience.WORKSPACE)
    context = {
        "scope": scope,
        "open": alert_list_open(mine),
        "page": alert_page_ended(mine, cursor=request.GET.get("page", "")),
        "has_cursor": "page" in request.GET,
    }
    return render(request, "alerts/alert_list.html", context)


@member(EVERY_ROLE)
@require_http_methods(READ_OR_SEND)
def preferences(request: HttpRequest, scope: Scope) -> HttpResponse:
    kept = preference_get(scope.user, workspace=scope.workspace, role=scope.role.value)
    form = PreferenceForm(request.POST or None, initial={name: getattr(kept, name) for name in CHOSEN})
    if request.method == "POST" and form.is_valid():
        preference_save(user=scope.user, workspace=scope.workspace, role=scope.role.value, choice=form.choice)
        messages.success(request, "Saved.")
        return redirect("alerts:preferences", scope.workspace.key)
    return _preferences(request, scope, form=form)


@member(EVERY_ROLE)
@require_POST
def exemption_new(request: HttpRequest, scope: Scope) -> HttpResponse:
    form = ExemptionForm(request.POST, audience=Audience.WORKSPACE, workspace=scope.workspace)
    if form.is_valid():
        try:
            exemption_add(user=scope.user, workspace=scope.workspace, role=scope.role.value, **form.cleaned_data)
        except AlertsRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("alerts:preferences", scope.workspace.key)
    return _preferences(request, scope, exemption_form=form)


@member(EVERY_ROLE)
@require_POST
def exemption_removal(_request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    if not exemption_remove(user=scope.user, workspace=scope.workspace, role=scope.role.value, pk=pk):
        raise Http404
    return redirect("alerts:preferences", scope.workspace.key)


@member(OWNER_ONLY)
@require_POST
def inheritance_removal(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    inheritance_end(preference=inheritance_get(scope.workspace, pk), actor=scope.user)
    messages.success(request, "It goes to nobody any more.")
    return redirect("alerts:preferences", scope.workspace.key)


def _preferences(
    request: HttpRequest,
    scope: Scope,
    *,
    form: PreferenceForm | None = None,
    exemption_form: ExemptionForm | None = None,
) -> HttpResponse:
    kept = preference_get(scope.user, workspace=scope.workspace, role=scope.role.value)
    is_owner = scope.may(OWNER_ONLY)
    mine = kept.exemptions.select_related("agent", "preference").order_by("pk") if kept.pk else []
    context = {
        "scope": scope,
        "is_owner": is_owner,
        "form": form or PreferenceForm(initial={name: getattr(kept, name) for name in CHOSEN}),
        "exemption_form": exemption_form or ExemptionForm(audience=Audience.WORKSPACE, workspace=scope.workspace),
        "exemptions": mine,
        "kinds": [kind for kind in kinds_for(Audience.WORKSPACE) if scope.role in kind.roles],
        "inherited": inheritance_list(scope.workspace) if is_owner else [],
        "webhook": webhook_of(scope.workspace) if is_owner else None,
    }
    is_refused = bool((form and form.errors) or (exemption_form and exemption_form.errors))
    return render(request, "alerts/preferences.html", context, status=422 if is_refused else 200)


@member(EVERY_ROLE)
@require_GET
def delivery_list(request: HttpRequest, scope: Scope) -> HttpResponse:
    mine = deliveries_for(scope.user, workspace=scope.workspace, is_owner=scope.may(OWNER_ONLY))
    page = delivery_page(mine, cursor=request.GET.get("page", ""))
    return render(request, "alerts/delivery_list.html", {"scope": scope, "page": page})


@member(EVERY_ROLE)
@require_POST
def delivery_again_(request: HttpRequest, scope: Scope, pk: int) -> HttpResponse:
    mine = deliveries_for(scope.user, workspace=scope.workspace, is_owner=scope.may(OWNER_ONLY))
    if delivery_again(delivery=delivery_get(mine, pk), actor=scope.user):
        messages.success(request, "It is sent again.")
    else:
        messages.info(request, "It is on its way, or arrived.")
    return redirect("alerts:delivery_list", scope.workspace.key)


# The one button of mail programs (RFC 8058) comes without a cookie; the signed address is what it proves itself by.
@public
@csrf_exempt
@require_http_methods(READ_OR_SEND)
def unsubscribe_link(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever opens the link of a mail; on POST end the mails that it speaks of."""
    preference = preference_of_link(token)
    is_over = preference is None or not preference.has_mail
    if request.method == "POST" and preference:
        unsubscribe(preference)
        is_over = True
    context = {"preference": preference, "is_over": is_over}
    return render(request, "alerts/unsubscribe.html", context, status=200 if preference else 404)
