"""One agent's guardrails: what is allowed, how much of it is used, what a limit reaches; and setting them."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from dashboard.accounts.access import EVERY_ROLE, MAY_STOP, OWNER_ONLY, Scope, member
from dashboard.accounts.views import READ_OR_SEND, fresh_sign_in
from dashboard.activity.crossings import crossing_latest, uses_of
from dashboard.activity.guardrails import LooseningRefused, guardrails_set, limits_of
from dashboard.agents.guardrail_rules import Kind, loosened, period_of
from dashboard.agents.instructions import instruction_get
from dashboard.agents.levers import limit_levers, limits_state
from dashboard.agents.models import Claim, Guardrail, Instruction
from dashboard.agents.selectors import claim_get
from dashboard.freshness.models import Stream
from dashboard.freshness.selectors import cursor_map, reading_lag
from dashboard.lib.presentation import span_text
from dashboard.remote import has_operator
from dashboard.spend.guardrail_forms import GuardrailsForm

CROSSINGS_SHOWN = 10
QUICK = timedelta(minutes=1)
OWNERS_ALONE = "Raising a limit or taking one away is for an owner. Nothing was changed."


@member(EVERY_ROLE)
@never_cache
@require_GET
def guardrails(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    claim = claim_get(scope.workspace, remote_id)
    return _page(request, scope, claim, GuardrailsForm(None, limits=limits_of(claim)))


@member(MAY_STOP)
@never_cache
@require_http_methods(READ_OR_SEND)
def guardrails_change(request: HttpRequest, scope: Scope, remote_id: str) -> HttpResponse:
    """Set the guardrails; what is looser than before wants an owner and a sign-in of the last minutes.

    The sign-in may lead back here by address alone, which sets nothing: it leads on to the form.
    """
    claim = claim_get(scope.workspace, remote_id)
    if request.method != "POST":
        return redirect("spend:guardrails", scope.workspace.key, remote_id)
    form = GuardrailsForm(request.POST, limits=limits_of(claim))
    if not form.is_valid():
        return _page(request, scope, claim, form)
    if not loosened(limits_of(claim), form.limits):
        return _set(request, scope, claim, form)
    if not scope.may(OWNER_ONLY):
        form.add_error(None, OWNERS_ALONE)
        return _page(request, scope, claim, form)
    return fresh_sign_in(_set_looser)(request, scope, claim, form)


def lag_text(lag: timedelta) -> str:
    """Return a length of time in whole seconds or minutes: "15 seconds", "4 min"."""
    seconds = int(lag.total_seconds())
    return f"{seconds} seconds" if lag < QUICK else span_text(seconds)


def _set_looser(request: HttpRequest, scope: Scope, claim: Claim, form: GuardrailsForm) -> HttpResponse:
    return _set(request, scope, claim, form, may_loosen=True)


def _set(
    request: HttpRequest, scope: Scope, claim: Claim, form: GuardrailsForm, *, may_loosen: bool = False
) -> HttpResponse:
    try:
        guardrails_set(claim=claim, user=scope.user, wanted=form.limits, may_loosen=may_loosen)
    except LooseningRefused:
        form.add_error(None, "They were changed meanwhile, and this would loosen them. Look again, then save.")
        return _page(request, scope, claim, form)
    messages.success(request, "Saved.")
    return redirect("spend:guardrails", scope.workspace.key, claim.agent.remote_id)


def _page(request: HttpRequest, scope: Scope, claim: Claim, form: GuardrailsForm) -> HttpResponse:
    rules = list(Guardrail.objects.filter(claim=claim).select_related("set_by"))
    told = instruction_get(claim.agent_id, Instruction.Matter.LIMITS)
    hard = {rule.kind: rule.limit for rule in rules if rule.is_hard}
    state = limits_state(told, hard, has_operator=has_operator())
    cursor = cursor_map(stream=Stream.AGENT, subject_ids=[claim.agent_id]).get(claim.agent_id)
    now, lag = timezone.now(), reading_lag(cursor)
    uses = uses_of(claim, rules, at=now)
    context = {
        "scope": scope,
        "claim": claim,
        "form": form,
        "rails": form.rails({(use.rule.kind, use.rule.is_hard): use for use in uses}),
        "last_set": max(rules, key=lambda rule: rule.set_at, default=None),
        "has_hard": bool(hard),
        "state": state,
        "levers": limit_levers(state, problem=told.problem if told else ""),
        "crossings": crossing_latest(claim, at=now, limit=CROSSINGS_SHOWN),
        "cursor": cursor,
        "synced_at": cursor.synced_at if cursor else None,
        "lag": lag_text(lag) if lag else "",
        "is_quick": lag is not None and lag < QUICK,
        "day_ends": period_of(Kind.CREDITS_DAY, now)[1],
        "may_set": scope.may(MAY_STOP),
        "may_loosen": scope.may(OWNER_ONLY),
    }
    return render(request, "spend/guardrails.html", context, status=422 if form.errors else 200)
