"""The webhook inbox: what Stripe told, what came of it, and processing it again."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole
from dashboard.billing.forms import EventFilterForm, ReasonForm
from dashboard.billing.inbox import event_ignore, events_replay, quiet_get
from dashboard.billing.models import Replay, WebhookEvent, WebhookRefusal
from dashboard.billing.payloads import payload_text
from dashboard.billing.selectors import PAGE_SIZE
from dashboard.billing.views import sight
from dashboard.lib.fragments import page_or_fragment
from dashboard.lib.paging import page_get

State = WebhookEvent.State
REFUSALS_SHOWN = timedelta(days=7)
TABS = {
    "all": "All",
    **{str(state): state.label for state in (State.UNHANDLED, State.FAILED, State.IGNORED, State.HANDLED)},
}


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def event_list(request: HttpRequest) -> HttpResponse:
    form, state = EventFilterForm(request.GET), _state(request.GET.get("state", ""))
    context: dict[str, object] = {"form": form, "tab": "webhooks", "state": state, "states": TABS.items()}
    context |= {"quiet": quiet_get(), "refusals": _refusals(), **sight()}
    if form.is_valid():
        rows = form.events() if state == "all" else form.events().filter(state=state)
        page = page_get(rows, by="received_at", cursor=request.GET.get("page", ""), size=PAGE_SIZE)
        context |= {"page": page, "is_filtered": form.is_filtered}
    return render(request, "billing/event_list.html", context)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def events_process(request: HttpRequest) -> HttpResponse:
    """Process everything again that the page's filter finds."""
    form, state = EventFilterForm(request.GET), _state(request.GET.get("state", ""))
    if not form.is_valid():
        return redirect("billing:event_list")
    rows = form.events() if state == "all" else form.events().filter(state=state)
    return redirect("billing:replay_detail", events_replay(events=rows, user=viewer(request)).key)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def replay_detail(request: HttpRequest, replay_key: UUID) -> HttpResponse:
    replay = Replay.objects.select_related("asked_by").filter(key=replay_key).first()
    if replay is None:
        raise Http404
    counts = dict(replay.events.order_by().values_list("state").annotate(number=Count("pk")))
    unhandled = counts.get(State.UNHANDLED, 0)
    context = {"tab": "webhooks", "replay": replay, "unhandled": unhandled, **sight()}
    context |= {"done": replay.total - unhandled, "failed": counts.get(State.FAILED, 0)}
    return render(request, page_or_fragment(request, "billing/replay_detail.html"), context)


@platform(PlatformRole.BILLING_ADMIN)
@require_GET
def event_detail(request: HttpRequest, event_key: UUID) -> HttpResponse:
    return _page(request, _get(event_key), ReasonForm())


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def event_process(request: HttpRequest, event_key: UUID) -> HttpResponse:
    events = WebhookEvent.objects.filter(pk=_get(event_key).pk)
    return redirect("billing:replay_detail", events_replay(events=events, user=viewer(request)).key)


@platform(PlatformRole.BILLING_ADMIN)
@require_POST
def event_ignoring(request: HttpRequest, event_key: UUID) -> HttpResponse:
    event, form = _get(event_key), ReasonForm(request.POST)
    if not form.is_valid():
        return _page(request, event, form)
    event_ignore(event=event, user=viewer(request), reason=form.cleaned_data["reason"])
    return redirect("billing:event_detail", event_key)


def _state(asked: str) -> str:
    return asked if asked in TABS else "all"


def _refusals() -> list[tuple[str, int]]:
    """Return how many requests were refused within the last days, by reason."""
    lately = WebhookRefusal.objects.filter(day__gte=(timezone.now() - REFUSALS_SHOWN).date())
    return list(lately.order_by().values_list("reason").annotate(number=Sum("count")).order_by("-number"))


def _get(key: UUID) -> WebhookEvent:
    event = WebhookEvent.objects.select_related("ignored_by").filter(key=key).first()
    if event is None:
        raise Http404
    return event


def _page(request: HttpRequest, event: WebhookEvent, form: ReasonForm) -> HttpResponse:
    context = {
        "tab": "webhooks",
        "event": event,
        "payload": payload_text(bytes(event.body)),
        "tries": event.tries.order_by("-pk")[:50],
        "form": form,
        "may_ignore": event.state in (State.UNHANDLED, State.FAILED),
        **sight(),
    }
    return render(request, "billing/event_detail.html", context, status=422 if form.errors else 200)
