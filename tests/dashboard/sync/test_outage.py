"""While the hosted API is away one reading at a time asks for it; when it is back everybody is read soon."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.freshness.models import Outage, Stream, SyncCursor
from dashboard.freshness.selectors import outage_get
from dashboard.freshness.services import cursor_open
from dashboard.lib.sealing import seal
from dashboard.sync.breaker import OPENS_AFTER, PROBE_EVERY, turns_take
from dashboard.sync.tasks import agent_sync

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SWEEP = timedelta(seconds=5)
AGENTS = 12


class Service:
    """The hosted API as a switch: `refusal` answers while it is set; `asked` notes when which agent was asked for."""

    def __init__(self) -> None:
        self.refusal: Callable[[str], httpx.Response | None] = lambda _agent: None
        self.asked: list[tuple[datetime, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        agent = request.headers["authorization"].removeprefix("Bearer ")
        if request.url.path == "/v1/activity":
            self.asked.append((timezone.now(), agent))
        return self.refusal(agent) or self.answer(agent, request.url.path)

    def answer(self, agent: str, path: str) -> httpx.Response:
        data = {"/v1/activity": {"events": []}, "/v1/quota": {"limits": {}}, "/v1/whoami": {}}[path]
        actor = {"actor_id": agent, "organization_id": f"org of {agent}"}
        envelope = {"ok": True, "trace_id": "trace_1", "actor": actor, "warnings": [], "error": None}
        return httpx.Response(200, json={**envelope, "data": data})


def away(_agent: str) -> httpx.Response:
    # The wait is longer than a call may take, so the client does not try again by itself.
    return httpx.Response(503, headers={"retry-after": "11"})


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def service(hosted_answers: Callable[..., None]) -> Service:
    service = Service()
    hosted_answers(service)
    return service


@pytest.fixture
def agents(clock: Any, workspace: Workspace, owner: User) -> list[Claim]:
    """Return agents that are due; an agent's token is its id."""
    claims = []
    for number in range(AGENTS):
        agent = Agent.objects.create(remote_id=f"agt_{number}", organization_id=f"org of agt_{number}")
        claim = Claim(workspace=workspace, agent=agent, claimed_by=owner, claimed_at=NOON)
        claim.token_sealed = seal(agent.remote_id, identity=claim.seal_identity)
        claim.save()
        cursor_open(stream=Stream.AGENT, subject_id=agent.pk, label=agent.remote_id)
        claims.append(claim)
    return claims


def run(clock: Any, span: timedelta) -> None:
    """Let scheduler and worker work for so long, as the clock of the test goes."""
    until = timezone.now() + span
    while timezone.now() < until:
        for _stream, agent_id in turns_take():
            agent_sync(agent_id)
        clock.shift(SWEEP)


def read_since(moment: datetime) -> int:
    return SyncCursor.objects.filter(synced_at__gte=moment).count()


def test_outage_opens_after_some_failures_and_only_probes_go_out(
    clock: Any, service: Service, agents: list[Claim]
) -> None:
    service.refusal = away
    run(clock, SWEEP)
    assert len(service.asked) == OPENS_AFTER, "the rest of what was queued is not tried"
    service.asked.clear()
    run(clock, timedelta(minutes=10))
    moments = [at for at, _ in service.asked]
    assert len(moments) == timedelta(minutes=10) // PROBE_EVERY
    assert all(later - sooner >= PROBE_EVERY for sooner, later in pairwise(moments))
    assert len({agent for _, agent in service.asked}) == AGENTS, "probes go round: no one agent stands for all"


@pytest.mark.parametrize("minutes", [2, 30])
def test_everybody_is_read_within_ninety_seconds_of_its_return(
    clock: Any, service: Service, agents: list[Claim], minutes: int
) -> None:
    service.refusal = away
    run(clock, timedelta(minutes=minutes))
    back = timezone.now()
    service.refusal = lambda _agent: None
    service.asked.clear()
    run(clock, timedelta(seconds=90))
    assert read_since(back) == AGENTS
    assert len(service.asked) == AGENTS, "each once: no storm"
    assert not Outage.objects.exists()


def test_one_agents_own_trouble_never_stops_the_others(clock: Any, service: Service, agents: list[Claim]) -> None:
    service.refusal = lambda agent: away(agent) if agent == "agt_0" else None
    run(clock, timedelta(hours=1))
    assert outage_get() is None
    assert read_since(NOON) == AGENTS - 1


def test_agents_own_trouble_does_not_keep_an_outage_open(clock: Any, service: Service, agents: list[Claim]) -> None:
    service.refusal = away
    run(clock, timedelta(minutes=5))
    back = timezone.now()
    service.refusal = lambda agent: away(agent) if agent == "agt_0" else None
    run(clock, timedelta(seconds=90))
    assert read_since(back) == AGENTS - 1


def test_pause_that_was_asked_for_outlasts_the_outage(clock: Any, service: Service, agents: list[Claim]) -> None:
    busy = httpx.Response(503, headers={"retry-after": "600"})
    service.refusal = lambda agent: busy if agent == "agt_0" else away(agent)
    run(clock, timedelta(minutes=1))
    service.refusal = lambda _agent: None
    service.asked.clear()
    run(clock, timedelta(minutes=8))
    assert "agt_0" not in {agent for _, agent in service.asked}
    assert read_since(NOON) == AGENTS - 1


def test_answers_that_refuse_are_no_outage(clock: Any, service: Service, agents: list[Claim]) -> None:
    service.refusal = lambda _agent: httpx.Response(429, headers={"retry-after": "11"})
    run(clock, timedelta(minutes=5))
    assert not Outage.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "web:overview",
        "web:agent_detail",
        "agents:agent_list",
        "agents:claim_start",
        "agents:stop",
        "activity:event_list",
    ],
)
def test_pages_carry_one_banner_that_goes_with_the_outage(
    name: str, clock: Any, service: Service, agents: list[Claim], owner: User, browser_of: Callable[..., Browser]
) -> None:
    service.refusal = away
    run(clock, timedelta(minutes=1))
    workspace = agents[0].workspace
    failing = SyncCursor.objects.exclude(error_code="").latest("failed_at")
    remote_id = Agent.objects.get(pk=failing.subject_id).remote_id
    args = [workspace.key, remote_id] if name in {"web:agent_detail", "agents:stop"} else [workspace.key]
    url = reverse(name, args=args)
    page = browser_of(owner).get(url).content.decode()
    assert page.count("Image Skill stopped answering") == 1
    assert "ould not be read" not in page, "one banner, not a page of stamps"
    service.refusal = lambda _agent: None
    run(clock, timedelta(seconds=90))
    assert "stopped answering" not in browser_of(owner).get(url).content.decode()


def test_health_page_says_so_to_the_operator(
    clock: Any, service: Service, agents: list[Claim], operator: User, browser_of: Callable[..., Browser]
) -> None:
    service.refusal = away
    run(clock, timedelta(minutes=1))
    assert "Image Skill stopped answering" in browser_of(operator).get("/health/").content.decode()
