"""Purchases with seeded faults of every kind, webhooks doubled, late, lost and out of order, worker and web killed
again and again: the desk finds every seeded difference and no other.

BILLING_CAMPAIGN=5000 plays the full size.
"""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import stripe
import structlog

from api_client import ApiError
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.billing.actions import finding_act
from dashboard.billing.handling import events_handle_due
from dashboard.billing.models import Chain, Finding, FindingStep, Sweep, WebhookAttempt, WebhookEvent
from dashboard.billing.reading import feeds_read
from dashboard.billing.sweeps import sweeps_run_due
from dashboard.sync.pipeline import agent_sync
from tests.dashboard.billing.conftest import checkout
from tests.dashboard.billing.faults import CHARGED, FAULTS, GRANTED, IN_ORDER, Buy, Place, Story
from tests.dashboard.billing.mortal import Web, Worker, grown_up, leases_end
from tests.dashboard.conftest import OPERATOR_KEY, PlayedAgent, sandbox_running
from tests.dashboard.local_stripe import STAND_IN_KEY, stripe_get

log = structlog.get_logger(__name__)
pytestmark = pytest.mark.django_db(transaction=True)
SIZE = int(os.environ.get("BILLING_CAMPAIGN", "40"))
AGENTS = 6
SWEEPERS = 6
SECRET = "whsec_of_the_campaign"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A sandbox of the campaign's own: its database is written behind its back."""
    folder = tmp_path_factory.mktemp("campaign")
    with sandbox_running(folder, SANDBOX_STRIPE_PROCESSING_SECONDS="86400", SANDBOX_FREE_CREDITS="900") as url:
        yield Place(url, folder / "sandbox.sqlite3")


@pytest.fixture(autouse=True)
def _connected(place: Place, settings: Any) -> None:
    settings.IMAGE_SKILL_API_BASE_URL = settings.IMAGE_SKILL_OPERATOR_BASE_URL = place.url
    settings.IMAGE_SKILL_OPERATOR_KEY = OPERATOR_KEY
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = STAND_IN_KEY, f"{place.url}/stripe"
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    settings.BILLING_GRACE_MINUTES = settings.BILLING_STUCK_MINUTES = 0


def stories(count: int, rng: random.Random) -> list[Story]:
    """Every fault at least once, one purchase in four at most; the rest is in order."""
    faults = [FAULTS[number % len(FAULTS)] for number in range(max(len(FAULTS), count // 4))]
    chosen = [*faults, *(IN_ORDER[number % len(IN_ORDER)] for number in range(count - len(faults)))]
    rng.shuffle(chosen)
    return chosen


def play(place: Place, chosen: list[Story]) -> list[tuple[str, str]]:
    """Live through the stories; returns the exceptions that must be found, by kind and attempt."""
    agents = [PlayedAgent(place.url, f"buyer-{number}") for number in range(AGENTS)]
    buys = [Buy(place, agents[number % AGENTS], checkout(agents[number % AGENTS])) for number in range(len(chosen))]
    for buy, story in zip(buys, chosen, strict=True):
        story.first(buy)
    place.quiet()
    for buy, story in zip(buys, chosen, strict=True):
        story.then(buy)
    place.quiet()
    return [(story.kind, buy.name) for buy, story in zip(buys, chosen, strict=True) if story.kind]


def spoil_jobs(place: Place) -> list[tuple[str, str]]:
    """One job is charged twice, one although it failed, one grant belongs to nothing."""
    agent = PlayedAgent(place.url, "painter")
    agent.create("a lighthouse")
    with pytest.raises(ApiError):
        agent.create("a storm [sandbox:provider_failure]")
    ((done,),) = place.read("SELECT id FROM sandbox_job WHERE agent_id = ? AND status = 'completed'", agent.remote_id)
    ((failed,),) = place.read("SELECT id FROM sandbox_job WHERE agent_id = ? AND status = 'failed'", agent.remote_id)
    place.event_copy(CHARGED, done)
    place.charge_write(agent.remote_id, failed)
    place.event_copy(
        GRANTED, "receipt_", receipt_id="receipt_alone", quote_id="quote_alone", credit_event_id="ce_alone"
    )
    return [("job_charged_twice", done), ("failed_job_charged", failed), ("line_without_purchase", "receipt_alone")]


def in_debt(place: Place, claim: Claim) -> list[tuple[str, str]]:
    """A linked agent whose paid credits were spent before they were taken back."""
    row = (claim.agent.remote_id, "paid", "reversal", -300, "reversal_of_a_fault", "2026-01-01 00:00:00")
    columns = "agent_id, purse, kind, credits, reference, created_at"
    place.write(f"INSERT INTO sandbox_bookentry ({columns}) VALUES (?, ?, ?, ?, ?, ?)", *row)
    assert agent_sync(claim.agent_id, is_forced=True)
    return [("negative_balance", claim.agent.remote_id)]


def deliver_badly(place: Place, rng: random.Random) -> Counter[str]:
    """Stripe's events reach us doubled, out of order, or not at all, while web and worker are killed and come again.

    Returns how often each event was acknowledged.
    """
    sent = [json.dumps(one) for one in told(place) if rng.random() < 0.6 for _ in range(rng.choice((1, 1, 2, 3)))]
    rng.shuffle(sent)
    acknowledged = Counter[str]()
    grown_up()
    with closing(Web(rng)) as web, closing(Worker(work, rng)) as worker:
        for body in sent:
            worker.tend()
            signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
            headers = {"content-type": "application/json", "stripe-signature": signature}
            assert web.deliver("/webhooks/stripe/", body, headers).status_code == 200
            acknowledged[json.loads(body)["id"]] += 1
        while WebhookEvent.objects.filter(state="unhandled").exists() or not (web.deaths and worker.deaths):
            web.tend()
            worker.tend()
            time.sleep(0.05)
        log.info("campaign_killed", web=web.deaths, worker=worker.deaths)
    leases_end()
    return acknowledged


def told(place: Place) -> list[dict[str, Any]]:
    """All events that Stripe would send, newest first."""
    listed: list[dict[str, Any]] = []
    while True:
        behind = f"&starting_after={listed[-1]['id']}" if listed else ""
        page = stripe_get(place.url, f"events?limit=100{behind}")
        listed += page["data"]
        if not page["has_more"]:
            return listed


def work() -> None:
    while True:
        events_handle_due()
        feeds_read()
        time.sleep(0.05)


def sweep_again_and_again() -> None:
    while True:
        Sweep.objects.create(asked_at="2026-01-01T00:00:00Z")
        sweeps_run_due()


def read_everything() -> None:
    for _ in range(2):
        feeds_read(is_forced=True)
        while events_handle_due():
            pass


def sweep() -> Sweep:
    Sweep.objects.create(asked_at="2026-01-01T00:00:00Z")
    assert sweeps_run_due() == 1
    return Sweep.objects.latest("pk")


def found() -> list[tuple[str, str]]:
    """What the desk holds open, by kind and by the id that the campaign knows."""
    return [(one.kind, _name(one)) for one in Finding.objects.filter(state="open").select_related("chain", "line")]


def _name(one: Finding) -> str:
    if one.chain:
        return one.chain.payment_attempt_id
    return one.line.receipt_id if one.line else one.subject.rpartition(":")[2]


def test_the_desk_finds_every_seeded_difference_and_no_other_whatever_is_killed(
    place: Place, workspace: Workspace, owner: User, billing_admin: User, make_claim: Callable[..., Claim]
) -> None:
    rng = random.Random(9)  # noqa: S311 - a play, not a secret
    claim = make_claim(PlayedAgent(place.url, "in-debt"), workspace, owner)
    wanted = [*play(place, stories(SIZE, rng)), *spoil_jobs(place), *in_debt(place, claim)]
    acknowledged = deliver_badly(place, rng)
    read_everything()
    nothing_is_lost_or_doubled(acknowledged)

    with closing(Worker(sweep_again_and_again, rng)) as sweeper:
        while sweeper.deaths < SWEEPERS:
            sweeper.tend()
            time.sleep(0.05)
    leases_end()
    sweeps_run_due()
    last = sweep()
    assert Counter(found()) == Counter(wanted)
    assert (last.found, last.settled, last.payments) == (0, 0, Chain.objects.count())
    assert (last.visible, last.total) == (last.total, last.total)
    assert FindingStep.objects.count() == len(wanted)

    mend(billing_admin)
    left = {kind for kind, _ in wanted} - MENDED
    assert {kind for kind, _ in found()} == left
    assert sweep().found == 0


def nothing_is_lost_or_doubled(acknowledged: Counter[str]) -> None:
    """What was acknowledged is stored as delivered at least as often, and each event did its work once."""
    stored = dict(WebhookEvent.objects.filter(origin="delivered").values_list("event_id", "deliveries"))
    assert [name for name, times in acknowledged.items() if stored.get(name, 0) < times] == []
    assert not WebhookEvent.objects.filter(state__in=("failed", "unhandled")).exists()
    done = WebhookAttempt.objects.filter(is_done=True).values_list("event", flat=True)
    assert len(done) == len(set(done))


# What the service can still put right once it is asked: the one safe thing settles it.
MENDED = {"paid_not_granted", "reversal_not_taken", "taken_not_reversed", "reversal_unknown"}


def mend(user: User) -> None:
    """Do the one safe thing about each; what is adopted first is then fulfilled."""
    for kinds in (MENDED, {"reversal_not_taken"}):
        for finding in Finding.objects.filter(state="open", kind__in=kinds):
            finding_act(finding=finding, user=user)
