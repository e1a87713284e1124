"""The pages of jobs: what ran, what it took, what to do where it failed."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from api_client import ApiError
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.assets.job_detail import advice, timeline
from dashboard.assets.job_lines import seconds_text
from dashboard.assets.models import Asset, Job
from dashboard.catalog.models import CatalogModel
from dashboard.freshness.models import Stream, SyncCursor
from tests.dashboard.assets.gallery_rows import asset_made, job_made, link_made

pytestmark = pytest.mark.django_db
Follow = Callable[[Claim], bool]
FAILS = "[sandbox:provider_failure]"


@pytest.fixture
def pages(owner: User, workspace: Workspace, browser_of: Callable[..., Browser]) -> Callable[..., str]:
    browser = browser_of(owner)

    def page(name: str, *args: object, query: str = "") -> str:
        answer = browser.get(reverse(f"assets:{name}", args=[workspace.key, *args]) + query)
        assert answer.status_code == 200
        return str(answer.content.decode())

    return page


def test_list_shows_what_ran_and_what_it_took(
    agent: Any, claim: Claim, followed: Follow, pages: Callable[..., str]
) -> None:
    assert "Jobs will appear here" in pages("job_list")
    agent.create("a lighthouse")
    followed(claim)
    html = pages("job_list")
    assert "render-bot" in html
    assert "Completed" in html
    page = pages("job_detail", Job.objects.get().pk)
    assert reverse("gallery:asset_detail", args=[claim.workspace.key, Asset.objects.get().pk]) in page
    assert "No job fits this filter" in pages("job_list", query="?state=failed")
    assert "render-bot" in pages("job_list", query=f"?operation=create&agent={agent.remote_id}")


def test_list_says_how_old_it_is_and_who_is_missing(
    claim: Claim, new_agent: Callable[..., Any], make_claim: Callable[..., Claim], pages: Callable[..., str]
) -> None:
    other = make_claim(new_agent(), claim.workspace, claim.claimed_by)
    job_made(claim.workspace, claim.agent)
    for one, hours in ((claim, 0), (other, 5)):
        read_at = timezone.now() - timedelta(hours=hours)
        SyncCursor.objects.filter(stream=Stream.AGENT, subject_id=one.agent_id).update(synced_at=read_at)
    said = " ".join(re.sub(r"<[^>]*>", " ", pages("job_list")).split())
    assert "Newest first As of just now (fresh)" in said
    assert (
        "1 agent could not be read lately, the longest not since 5 h ago : what they did since is missing here" in said
    )


def test_model_that_is_told_has_the_name_of_the_catalogue(claim: Claim, pages: Callable[..., str]) -> None:
    about = {"capability_id": "is.shared", "modality": "image", "synced_at": timezone.now()}
    CatalogModel.objects.create(remote_id="fal.flux", name="Flux Dev", **about)
    CatalogModel.objects.create(remote_id="fal.other", name="Other", **about)
    agent = claim.agent
    named = job_made(claim.workspace, agent, model="fal.flux", capability_id="is.shared")
    unheard = job_made(claim.workspace, agent, model="fal.unheard", capability_id="is.shared")
    listed = pages("job_list")
    assert "Flux Dev" in listed
    assert "fal.unheard" in listed
    url = reverse("catalog:model_detail", args=[claim.workspace.key, "fal.flux"])
    assert f'href="{url}"' in pages("job_detail", named.pk)
    assert "fal.unheard" in pages("job_detail", unheard.pk)


def test_what_a_job_was_made_from_leads_to_it(claim: Claim, pages: Callable[..., str]) -> None:
    job, source = job_made(claim.workspace, claim.agent), asset_made(claim.workspace, claim.agent)
    link_made(job, source)
    link_made(job, None, "mask", remote_id="asset_elsewhere", position=1)
    html = pages("job_detail", job.pk)
    assert f'href="{reverse("gallery:asset_detail", args=[claim.workspace.key, source.pk])}">Edited</a>' in html
    assert html.count("not in this workspace") == 1


def test_plan_is_never_shown_as_work(agent: Any, claim: Claim, followed: Follow, pages: Callable[..., str]) -> None:
    agent.create("a lighthouse", dry_run=True)
    followed(claim)
    job = Job.objects.get()
    html = pages("job_detail", job.pk)
    assert "A plan, not work" in html
    assert "Nothing was made and nothing taken" in html
    assert "put on hold" not in html
    assert "none; would take 9" in " ".join(pages("job_list").split())


def test_failure_says_what_another_try_means(
    agent: Any, claim: Claim, followed: Follow, pages: Callable[..., str]
) -> None:
    with pytest.raises(ApiError):
        agent.create(f"a lighthouse {FAILS}")
    followed(claim)
    job = Job.objects.get()
    assert (job.status, job.failure_code) == ("failed", "PROVIDER_FAILURE")
    html = pages("job_detail", job.pk)
    assert "same idempotency key" in html
    assert "The hold was given back, nothing was taken" in html


@pytest.mark.parametrize(
    ("about", "said", "hold"),
    [
        ({"status": "failed", "failure_code": "PROVIDER_FAILURE"}, "Taken Nothing", "nothing was taken"),
        ({"status": "failed", "failure_code": "ARTIFACT_STORAGE_WRITE_FAILED"}, "Taken Unknown", "is not told"),
        ({"status": "failed", "failure_code": "SOMETHING_NEW"}, "Taken Unknown", "is not told"),
        ({"status": "canceled"}, "Taken Unknown", "is not told"),
        ({"status": "failed", "credits_charged": 0}, "Taken Nothing", "the ledger says that nothing was taken"),
        ({"status": "failed", "failure_code": "PROVIDER_FAILURE", "credits_charged": 9}, "Taken 9 credits", ""),
        ({"status": "completed"}, "Taken Unknown", ""),
    ],
)
def test_what_was_taken_is_what_ledger_and_contract_say(
    about: dict[str, Any], said: str, hold: str, claim: Claim, pages: Callable[..., str]
) -> None:
    now = timezone.now()
    told = {"started_at": now - timedelta(minutes=1), "ended_at": now, "credits_priced": 9, **about}
    html = pages("job_detail", job_made(claim.workspace, claim.agent, **told).pk)
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    assert said in text
    assert hold in text
    assert ("The hold was given back" in text or "is not told" in text) is bool(hold)


@pytest.mark.parametrize(
    ("code", "retryable", "said"),
    [
        ("ARTIFACT_STORAGE_WRITE_FAILED", True, "Do not try again blindly"),
        ("INPUT_POLICY_DENIED", None, "cannot help"),
        ("SOMETHING_NEW", True, "same idempotency key"),
        ("SOMETHING_NEW", False, "cannot help"),
        ("SOMETHING_NEW", None, "does not say"),
    ],
)
def test_advice_is_the_contract_s(code: str, retryable: bool | None, said: str) -> None:
    job = Job(status="failed", failure_code=code, failure_is_retryable=retryable)
    assert said in advice(job)
    assert advice(Job(status="completed", failure_code=code)) == ""


def test_timeline_tells_hold_debit_and_end_in_their_order(agent: Any, claim: Claim, followed: Follow) -> None:
    agent.create("a lighthouse")
    followed(claim)
    rows = timeline(Job.objects.get())
    assert [row.text for row in rows[:2]] == ["Started", "9 credits put on hold"]
    assert sum(row.credits or 0 for row in rows) == -9
    assert rows == sorted(rows, key=lambda row: row.at)


def test_job_of_another_workspace_is_not_there(
    agent: Any, claim: Claim, followed: Follow, outsider: User, browser_of: Callable[..., Browser]
) -> None:
    agent.create("a lighthouse")
    followed(claim)
    own = Workspace.objects.get(memberships__user=outsider)
    address = reverse("assets:job_detail", args=[own.key, Job.objects.get().pk])
    assert browser_of(outsider).get(address).status_code == 404


def test_pages_cost_the_same_with_many_jobs(claim: Claim, owner: User, browser_of: Callable[..., Browser]) -> None:
    browser, address = browser_of(owner), reverse("assets:job_list", args=[claim.workspace.key])

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    def add(first: int, number: int) -> None:
        Job.objects.bulk_create(
            Job(
                workspace=claim.workspace,
                agent=claim.agent,
                remote_id=f"job_{place}",
                named_at=timezone.now() - timedelta(minutes=place),
                capability_id=f"is.image.{place % 7}",
                reading="read",
                status="completed",
            )
            for place in range(first, first + number)
        )

    add(0, 3)
    few = cost()
    add(3, 60)
    assert cost() == few <= 8


def test_each_state_finds_its_jobs(claim: Claim, pages: Callable[..., str]) -> None:
    now = timezone.now()
    made = {
        "running": {"status": "rendering", "due_at": now, "reading": "read"},
        "completed": {"reading": "read"},
        "planned": {"status": "planned", "reading": "read"},
        "missing": {"status": "", "reading": "missing", "due_at": now},
        "unreadable": {"status": "", "reading": "unreadable", "due_at": now},
    }
    jobs = {state: job_made(claim.workspace, claim.agent, **about) for state, about in made.items()}
    for state in made:
        html = pages("job_list", query=f"?state={state}")
        found = [
            one for one, job in jobs.items() if reverse("assets:job_detail", args=[claim.workspace.key, job.pk]) in html
        ]
        assert found == [state]


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(None, ""), (0, "0.0 s"), (1_540, "1.5 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min")],
)
def test_durations_are_said_as_people_do(milliseconds: int | None, said: str) -> None:
    assert seconds_text(milliseconds) == said


def test_hostile_words_of_a_service_stay_words(claim: Claim, pages: Callable[..., str]) -> None:
    odd = "<script>alert(1)</script>"
    job = Job.objects.create(
        workspace=claim.workspace,
        agent=claim.agent,
        remote_id="job_1",
        named_at=timezone.now(),
        status=odd,
        operation=odd,
        model=odd,
        failure_code=odd,
        safety_status=odd,
        plan_receipt={"a": odd},
    )
    for html in (pages("job_list"), pages("job_detail", job.pk)):
        assert odd not in html
        assert json.dumps(odd) not in html
