"""The pages of alerts, the same for a member of a workspace and for a holder of a platform role."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from dashboard.accounts.access import MAY_STOP, OWNER_ONLY, Scope
from dashboard.accounts.models import PlatformRole, User, Workspace
from dashboard.alerts.forms import ExemptionForm, PreferenceForm
from dashboard.alerts.kinds import Kind
from dashboard.alerts.models import Audience
from dashboard.alerts.registry import kinds_for
from dashboard.alerts.selectors import (
    alert_list_open,
    alert_page_ended,
    alerts_for,
    deliveries_for,
    delivery_get,
    delivery_page,
    inheritance_list,
    preference_get,
    webhook_of,
)
from dashboard.alerts.services import (
    AlertsRefused,
    delivery_again,
    exemption_add,
    exemption_remove,
    preference_save,
)

CHOSEN = ("preset", "has_mail", "rhythm", "digest_hour", "quiet_from", "quiet_until")


@dataclass(frozen=True)
class Place:
    """Who looks at which alerts: a member at those of a workspace, or a holder at those of a platform role."""

    user: User
    role: str
    workspace: Workspace | None = None
    is_owner: bool = False
    may_stop: bool = False

    @property
    def audience(self) -> Audience:
        return Audience.WORKSPACE if self.workspace else Audience(self.role)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that this role may be told of."""
        listed = kinds_for(self.audience)
        return [kind for kind in listed if self.role in kind.roles] if self.workspace else listed

    def url(self, name: str, *args: object) -> str:
        if self.workspace:
            return reverse(f"alerts:{name}", args=[self.workspace.key, *args])
        return reverse(f"alerts:{self.role}_{name}", args=args)

    @property
    def urls(self) -> dict[str, str]:
        return {name: self.url(name) for name in ("alert_list", "delivery_list", "preferences", "exemption_new")}


def member_place(scope: Scope) -> Place:
    may = {"is_owner": scope.may(OWNER_ONLY), "may_stop": scope.may(MAY_STOP)}
    return Place(scope.user, scope.role.value, scope.workspace, **may)


def holder_place(user: User, role: PlatformRole) -> Place:
    return Place(user, role.value)


def list_page(request: HttpRequest, place: Place) -> HttpResponse:
    mine = alerts_for(place.user, workspace=place.workspace, audience=place.audience)
    context = {
        "place": place,
        "open": alert_list_open(mine),
        "page": alert_page_ended(mine, cursor=request.GET.get("page", "")),
        "has_cursor": "page" in request.GET,
    }
    return render(request, "alerts/alert_list.html", context)


def preferences_page(request: HttpRequest, place: Place) -> HttpResponse:
    """Show what a person chose, and on POST write down what they choose now."""
    form = PreferenceForm(request.POST) if request.method == "POST" else None
    if form and form.is_valid():
        preference_save(user=place.user, workspace=place.workspace, role=place.role, choice=form.choice)
        messages.success(request, "Saved.")
        return redirect(place.url("preferences"))
    return _chosen(request, place, form=form)


def exemption_page(request: HttpRequest, place: Place) -> HttpResponse:
    form = ExemptionForm(request.POST, kinds=place.kinds, workspace=place.workspace)
    if form.is_valid():
        try:
            exemption_add(user=place.user, workspace=place.workspace, role=place.role, exemption=form.exemption)
        except AlertsRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(place.url("preferences"))
    return _chosen(request, place, exemption_form=form)


def exemption_end(place: Place, pk: int) -> HttpResponse:
    if not exemption_remove(user=place.user, workspace=place.workspace, role=place.role, pk=pk):
        raise Http404
    return redirect(place.url("preferences"))


def _chosen(
    request: HttpRequest,
    place: Place,
    *,
    form: PreferenceForm | None = None,
    exemption_form: ExemptionForm | None = None,
) -> HttpResponse:
    kept = preference_get(place.user, workspace=place.workspace, role=place.role)
    mine = kept.exemptions.select_related("agent", "preference").order_by("pk") if kept.pk else []
    context = {
        "place": place,
        "form": form or PreferenceForm(initial={name: getattr(kept, name) for name in CHOSEN}),
        "exemption_form": exemption_form or ExemptionForm(kinds=place.kinds, workspace=place.workspace),
        "exemptions": [(one, place.url("exemption_removal", one.pk)) for one in mine],
        "inherited": inheritance_list(place.workspace) if place.workspace and place.is_owner else [],
        "webhook": webhook_of(place.workspace) if place.workspace and place.is_owner else None,
    }
    is_refused = bool((form and form.errors) or (exemption_form and exemption_form.errors))
    return render(request, "alerts/preferences.html", context, status=422 if is_refused else 200)


def log_page(request: HttpRequest, place: Place) -> HttpResponse:
    mine = deliveries_for(place.user, workspace=place.workspace, audience=place.audience, is_owner=place.is_owner)
    page = delivery_page(mine, cursor=request.GET.get("page", ""))
    rows = [(one, place.url("delivery_again", one.pk)) for one in page.rows]
    return render(request, "alerts/delivery_list.html", {"place": place, "page": page, "rows": rows})


def again_page(request: HttpRequest, place: Place, pk: int) -> HttpResponse:
    mine = deliveries_for(place.user, workspace=place.workspace, audience=place.audience, is_owner=place.is_owner)
    if delivery_again(delivery=delivery_get(mine, pk), actor=place.user):
        messages.success(request, "It is sent again.")
    else:
        messages.info(request, "It is on its way, or arrived.")
    return redirect(place.url("delivery_list"))
