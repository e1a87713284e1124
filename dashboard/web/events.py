"""One event of the ledger with all that belongs to it: the work, the money and the feedback behind its ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.accounts.access import Scope, member
from dashboard.accounts.models import Workspace
from dashboard.activity.models import Event
from dashboard.activity.references import references_of
from dashboard.activity.sentences import breach_report, sentence_of
from dashboard.activity.trail import Trail, event_get, record_text, trail_get
from dashboard.agents.selectors import claim_list
from dashboard.assets.selectors import descent_list
from dashboard.credits.apply import CHECKOUT_OPENED, GRANTED
from dashboard.credits.funding import Payer
from dashboard.credits.payers import charge_list, charge_payers
from dashboard.lib.glossary import event_word, is_published
from dashboard.web.leads import Lead, leads_of

# What opens the way to credits, or brings them; what they then pay for is told by its jobs alone.
PAYMENTS = {CHECKOUT_OPENED, GRANTED}


@dataclass(frozen=True)
class NamedId:
    """An id that an event names, what it is called there, and where it leads; None: to no page of ours."""

    name: str
    reference: str
    lead: Lead | None


@dataclass(frozen=True)
class EventPage:
    """An event, the ids that it names, who paid for its job (None: nobody can say), and what belongs together."""

    event: Event
    ids: list[NamedId]
    payers: list[Payer] | None
    trail: Trail


def event_page_get(workspace: Workspace, number: int) -> EventPage:
    """Return an event's page; raises Http404 alike for "not yours" and "not there"."""
    event = event_get(workspace, number)
    payers = _payers(workspace, event)
    return EventPage(
        event=event,
        ids=named_ids(event),
        payers=payers,
        trail=trail_get(event, descents_of=partial(descent_list, workspace), paid_from=_purchase_ids(payers or ())),
    )


def named_ids(event: Event) -> list[NamedId]:
    """Return the ids that an event of `event_get` names, each with where it leads."""
    references = references_of(event)
    leads = leads_of(event, references)
    return [NamedId(name, reference, leads.get(reference)) for reference, name in references.items()]


def _payers(workspace: Workspace, event: Event) -> list[Payer] | None:
    charges = charge_list(workspace, event.job_id) if event.job_id else []
    return charge_payers(claim_list(workspace).filter(agent=event.agent_id).first(), charges) if charges else None


def _purchase_ids(payers: Sequence[Payer]) -> list[str]:
    receipts = [payer.receipt for payer in payers if payer.receipt]
    ids = [one for receipt in receipts for one in (receipt.remote_id, receipt.purchase.quote_id)]
    return [one for one in ids if one]


@member()
@require_GET
def event_detail(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    """One event: its page, or what the row that is unfolded in a list shows of it."""
    return (_unfolded if "X-Fragment" in request.headers else _whole)(request, scope, number)


def _unfolded(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    event = event_get(scope.workspace, number)
    sentence = sentence_of(event.type, event.status)
    context = {"scope": scope, "event": event, "sentence": sentence, "ids": named_ids(event)}
    return render(request, "web/_event_unfolded.html", context)


def _whole(request: HttpRequest, scope: Scope, number: int) -> HttpResponse:
    page = event_page_get(scope.workspace, number)
    event = page.event
    context = {
        "scope": scope,
        "page": page,
        "event": event,
        "said": event_word(event.type, event.status),
        "sentence": sentence_of(event.type, event.status),
        "report": "" if is_published("event_type", event.type) else breach_report(event.remote_id, event.trace_id),
        "record": record_text(event),
        "is_payment": event.type in PAYMENTS,
    }
    return render(request, "web/event_detail.html", context)
