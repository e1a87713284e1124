"""The reviewers' queue, and the presses on it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from dashboard.accounts.access import platform, viewer
from dashboard.accounts.models import PlatformRole, User
from dashboard.feedback.counts import counts_get, standing_get
from dashboard.feedback.deciding import FeedbackRefused, Outcome, Stale
from dashboard.feedback.decisions import Snooze, clusters_assign, clusters_show, clusters_snooze, clusters_state_set
from dashboard.feedback.forms import STATES, ActForm, QueueForm
from dashboard.feedback.merging import clusters_merge
from dashboard.feedback.models import State
from dashboard.feedback.queue import QueueFilter, queue_page, visible_views
from dashboard.feedback.rows import facet_blocks, rows_of
from dashboard.feedback.undoing import last_press_undo
from dashboard.lib.glossary import word_for
from dashboard.remote import has_operator


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    user, wanted = viewer(request), QueueForm(request.GET).wanted
    page = queue_page(wanted, user=user, cursor=request.GET.get("page", ""))
    standing = standing_get()
    counts = counts_get(wanted, user, standing.mark)
    context = {
        "wanted": wanted,
        "page": page,
        "rows": rows_of(page.rows, now=timezone.now()),
        "tabs": [(name, view.label, counts.views[name]) for name, view in visible_views(user).items()],
        "chips": [(name, value, _without(wanted, name)) for name, value in _used(wanted).items()],
        "facets": facet_blocks(counts, wanted),
        "states": STATES,
        "has_text": has_operator(),
        "complete_at": standing.complete_at,
    }
    return render(request, "feedback/queue.html", context)


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do one thing to everything that was chosen."""
    user, form = viewer(request), ActForm({**request.POST.dict(), "pick": request.POST.getlist("pick")})
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return _back(request)
    try:
        outcome = _act(form, user)
    except FeedbackRefused as refusal:
        messages.error(request, str(refusal))
    except Stale as stale:
        messages.warning(request, stale_text(stale, user))
    else:
        outcome_say(request, outcome, _done_text(form), user)
    return _back(request)


@platform(PlatformRole.PRODUCT_REVIEWER)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what this person pressed last."""
    user = viewer(request)
    try:
        undone = last_press_undo(user)
    except FeedbackRefused as refusal:
        messages.error(request, str(refusal))
    except Stale as stale:
        messages.warning(request, stale_text(stale, user))
    else:
        messages.success(request, f"Taken back: {', '.join(cluster.label for cluster in undone[:5])}.")
    return _back(request)


def _act(form: ActForm, user: User) -> Outcome:
    picks, why = form.cleaned_data["pick"], form.cleaned_data["why"]
    match form.cleaned_data["act"]:
        case "assign_me":
            return clusters_assign(picks, assignee=user, user=user)
        case "assign_nobody":
            return clusters_assign(picks, assignee=None, user=user)
        case "snooze":
            return clusters_snooze(picks, snooze=form.snooze, user=user, why=why)
        case "wake":
            return clusters_snooze(picks, snooze=Snooze(), user=user, why=why)
        case "show":
            return clusters_show(picks, user=user, why=why)
        case "merge":
            return Outcome([clusters_merge(picks, user=user, why=why)])
        case _:
            return clusters_state_set(picks, state=State(form.cleaned_data["state"]), user=user, why=why)


def _done_text(form: ActForm) -> str:
    """Return what a press did, in words that follow the numbers of what it was done to."""
    said = {
        "assign_me": "yours now",
        "assign_nobody": "nobody's now",
        "snooze": "asleep",
        "wake": "awake",
        "show": "shown to every reviewer",
        "merge": "holds them all now",
    }
    state = form.cleaned_data.get("state") or State.NEW
    return said.get(form.cleaned_data["act"], word_for("feedback_state", state).text)


def outcome_say(request: HttpRequest, outcome: Outcome, what: str, user: User) -> None:
    """Tell what a press did, and of what somebody else was quicker."""
    if outcome.done:
        labels = [cluster.label for cluster in outcome.done]
        named = ", ".join(labels) if len(labels) <= 3 else f"{len(labels)} items"
        messages.success(request, f"{named}: {what}.")
    for stale in outcome.stale[:3]:
        messages.warning(request, stale_text(stale, user))
    if not outcome.done and not outcome.stale:
        messages.error(request, "Nothing was chosen that is still there.")


def stale_text(stale: Stale, user: User) -> str:
    """Return who was quicker, and with what; nothing of either is overwritten."""
    change = stale.change
    if change is None:
        return f"{stale.cluster.label} changed meanwhile. Look again."
    who = "You" if change.by == user else (change.by.display_name if change.by else "A new report")
    did = word_for("feedback_change", change.kind).text.lower()
    return f"{stale.cluster.label} was not changed: {who} {did} meanwhile. Look again, then decide."


def _used(wanted: QueueFilter) -> dict[str, str]:
    return {**({"text": wanted.text} if wanted.text else {}), **wanted.narrowing}


def _without(wanted: QueueFilter, name: str) -> str:
    return "?" + urlencode({key: value for key, value in vars(wanted.without(name)).items() if value})


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the page that was pressed on, if it is one of ours."""
    where = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(where, allowed_hosts=None) and where.startswith(reverse("feedback:queue")):
        return redirect(where)
    return redirect("feedback:queue")
