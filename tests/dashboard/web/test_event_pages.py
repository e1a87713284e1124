"""One event with what belongs to it from other rooms: from the quote over credits and job to the edit of its asset."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.activity.trail import Trail
from dashboard.agents.models import Claim, QuotaSnapshot
from dashboard.assets.models import Asset
from dashboard.feedback.models import Cluster, Report
from dashboard.web.events import event_page_get
from tests.dashboard.asking import statements_of
from tests.dashboard.assets.gallery_rows import asset_made, job_made, link_made
from tests.dashboard.credits.papers import receipt_made, step_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
# Who paid takes eight of them, what belongs together eight.
MOST_STATEMENTS = 26
NOW = timezone.now().replace(microsecond=0)
CHECKOUT, GRANTED, SPENT = "payment.checkout_session.created", "credits.payment_backed_granted", "usage.credit_consumed"


def at(minutes: int) -> Any:
    return NOW - timedelta(hours=5) + timedelta(minutes=minutes)


@pytest.fixture
def claim(link: Callable[..., Claim]) -> Claim:
    made = link(free_credits=0, paid_credits=495)
    Claim.objects.filter(pk=made.pk).update(claimed_at=at(0))
    for minutes, paid in ((10, 0), (30, 500), (100, 490)):
        QuotaSnapshot.objects.create(agent=made.agent, taken_at=at(minutes), free_credits=0, paid_credits=paid)
    return made


@pytest.fixture
def life(claim: Claim, tell: Callable[..., Event], workspace: Workspace) -> dict[str, Event]:
    """A purchase, the job that it paid, and an edit of what came of it: tied by what other rooms know alone."""
    agent = claim.agent
    receipt = receipt_made(workspace, agent, at=at(20))
    made, edit = (job_made(workspace, agent, remote_id=f"job_{name}") for name in ("made", "edit"))
    source = asset_made(workspace, agent, at(40), remote_id="image_source", job=made)
    asset_made(workspace, agent, at(60), remote_id="image_edited", job=edit)
    link_made(edit, source)
    bought = {"quote_id": receipt.purchase.quote_id, "receipt_id": receipt.remote_id}
    told = {
        "opened": (CHECKOUT, 19, {"links": {"quote_id": receipt.purchase.quote_id}}),
        "granted": (GRANTED, 20, {"links": bought, "credits_delta": 500}),
        "spent": (SPENT, 40, {"job_id": "job_made", "credits_delta": -5}),
        "asset": ("asset.created", 40, {"job_id": "job_made", "subject_id": "image_source"}),
        "done": ("job.completed", 41, {"job_id": "job_made", "status": "completed"}),
        "edited": (SPENT, 60, {"job_id": "job_edit", "credits_delta": -5}),
        "result": ("asset.created", 60, {"job_id": "job_edit", "subject_id": "image_edited"}),
        "end": ("job.completed", 61, {"job_id": "job_edit", "status": "completed"}),
        "stranger": ("job.planned", 62, {"job_id": "job_other"}),
    }
    return {name: tell(claim, kind, occurred_at=at(minutes), **more) for name, (kind, minutes, more) in told.items()}


@pytest.fixture
def visitor(owner: User, browser_of: Callable[[User], Browser]) -> Browser:
    return browser_of(owner)


def page_of(event: Event) -> str:
    return reverse("web:event_detail", args=[event.workspace.key, event.pk])


def drawn(trail: Trail, life: dict[str, Event]) -> list[tuple[str, int]]:
    names = {event.pk: name for name, event in life.items()}
    return [(names[step.line.pk], step.depth) for step in trail.steps]


def test_trail_leads_from_the_quote_over_credits_and_job_to_the_edit(
    life: dict[str, Event], workspace: Workspace
) -> None:
    trail = event_page_get(workspace, life["done"].pk).trail
    assert drawn(trail, life) == [
        ("opened", 0),
        ("granted", 1),
        ("done", 2),
        ("spent", 3),
        ("asset", 3),
        ("end", 4),
        ("edited", 5),
        ("result", 5),
    ]


def test_edit_stands_beneath_the_asset_that_it_was_made_from(life: dict[str, Event], workspace: Workspace) -> None:
    for name in ("asset", "end"):
        found = drawn(event_page_get(workspace, life[name].pk).trail, life)
        assert [step for step, _ in found].index("asset") + 1 == [step for step, _ in found].index("end")
        assert dict(found)["end"] == dict(found)["asset"] + 1


def test_things_that_came_of_each_other_are_drawn_once(
    claim: Claim, tell: Callable[..., Event], workspace: Workspace
) -> None:
    """A service may tell such nonsense; the page must end all the same."""
    for here, there in (("one", "other"), ("other", "one"), ("self", "self")):
        link_made(job_made(workspace, claim.agent, remote_id=f"job_{here}"), None, remote_id=f"image_{there}")
    told = [tell(claim, "asset.created", job_id=f"job_{one}", subject_id=f"image_{one}") for one in ("one", "other")]
    alone = tell(claim, "asset.created", job_id="job_self", subject_id="image_self")
    assert [step.depth for step in event_page_get(workspace, told[1].pk).trail.steps] == [1, 3]
    assert [step.line.pk for step in event_page_get(workspace, alone.pk).trail.steps] == [alone.pk]


def test_job_stands_beneath_no_grant_that_did_not_pay_for_it(
    life: dict[str, Event], claim: Claim, tell: Callable[..., Event], workspace: Workspace
) -> None:
    """A purchase of another day may be of the same trace."""
    tell(claim, GRANTED, occurred_at=at(5), links={"quote_id": "quote_other"}, trace_id="trace_both")
    done = tell(claim, "job.completed", occurred_at=at(42), job_id="job_made", trace_id="trace_both")
    steps = [step.line.pk for step in event_page_get(workspace, done.pk).trail.steps]
    assert steps.index(life["done"].pk) == steps.index(life["granted"].pk) + 1


def test_event_says_who_paid_and_leads_to_every_page(
    life: dict[str, Event], claim: Claim, workspace: Workspace, visitor: Browser
) -> None:
    page = visitor.get(page_of(life["spent"]))
    assert "Paid from 5 credits from the purchase of" in words(page)
    granted = visitor.get(page_of(life["granted"])).content.decode()
    receipt = claim.agent.receipts.get()
    assert reverse("receipts:receipt_detail", args=[workspace.key, receipt.key]) in granted
    assert reverse("credits:purchase_detail", args=[workspace.key, receipt.purchase.key]) in granted
    assert reverse("receipts:receipt_detail", args=[workspace.key, receipt.key]) in page.content.decode()


def test_unfolded_row_leads_to_every_page_too(
    life: dict[str, Event], claim: Claim, workspace: Workspace, visitor: Browser
) -> None:
    def unfolded(name: str) -> str:
        return visitor.get(page_of(life[name]), headers={"X-Fragment": "1"}).content.decode()

    receipt = claim.agent.receipts.get()
    assert reverse("receipts:receipt_detail", args=[workspace.key, receipt.key]) in unfolded("granted")
    assert reverse("credits:purchase_detail", args=[workspace.key, receipt.purchase.key]) in unfolded("opened")
    asset = Asset.objects.get(remote_id="image_source")
    assert reverse("gallery:asset_detail", args=[workspace.key, asset.pk]) in unfolded("asset")


def test_payment_leads_on_to_what_its_agent_spent_since(life: dict[str, Event], claim: Claim, visitor: Browser) -> None:
    since = f"?agent={claim.agent.remote_id}&amp;cost=spent&amp;since={life['opened'].occurred_at:%Y-%m-%d}"
    leading = {name for name, event in life.items() if since in visitor.get(page_of(event)).content.decode()}
    assert leading == {"opened", "granted"}


def test_charge_of_another_job_that_names_this_one_is_not_its_own(
    life: dict[str, Event], claim: Claim, tell: Callable[..., Event], workspace: Workspace
) -> None:
    tell(claim, SPENT, occurred_at=at(50), job_id="job_more", credits_delta=-3, links={"source_job_id": "job_made"})
    payers = event_page_get(workspace, life["done"].pk).payers
    assert payers
    assert sum(payer.credits for payer in payers) == 5


def test_refund_leads_to_the_receipt_that_it_takes_back(
    life: dict[str, Event], claim: Claim, workspace: Workspace, visitor: Browser
) -> None:
    receipt = claim.agent.receipts.get()
    step = step_made(receipt, "refunded", 500, at=at(70))
    assert (
        reverse("receipts:receipt_detail", args=[workspace.key, receipt.key])
        in visitor.get(page_of(step.event)).content.decode()
    )


@pytest.mark.parametrize("is_private", [False, True])
def test_feedback_leads_to_what_became_of_it_unless_it_is_looked_at_in_private(
    is_private: bool, claim: Claim, tell: Callable[..., Event], workspace: Workspace, visitor: Browser
) -> None:
    cluster = Cluster.objects.create(title="Slow", first_at=NOW, last_at=NOW, ranks_at=NOW, is_private=is_private)
    whose = {"agent_remote_id": claim.agent.remote_id, "workspace": workspace, "cluster": cluster}
    Report.objects.create(remote_id="sig_1", created_at=NOW, received_at=NOW, **whose)
    event = tell(claim, "feedback.created", subject_type="feedback", subject_id="sig_1")
    other = Cluster.objects.create(title="Odd", first_at=NOW, last_at=NOW, ranks_at=NOW)
    more = {**whose, "cluster": other, "remote_id": "sig_2", "title": "Another one"}
    Report.objects.create(created_at=NOW, received_at=NOW, **more)
    page = visitor.get(page_of(event))
    assert ("What became of it" in words(page)) is not is_private
    told = words(visitor.get(reverse("feedback:own_list", args=[workspace.key]), {"report": "sig_1"}))
    assert ("One report sig_1" in told) is not is_private
    assert ("No report of this id" in told) is is_private
    assert "Another one" not in told


def test_ids_lead_to_nothing_of_another_agent(
    life: dict[str, Event], link: Callable[..., Claim], tell: Callable[..., Event], visitor: Browser
) -> None:
    """A broken service gives two agents one id: each event leads to its own agent's."""
    event = tell(link("another"), "job.planned", job_id="job_made", links=life["granted"].links)
    said = words(visitor.get(page_of(event)))
    assert not any(lead in said for lead in ("Its page", "Its purchase", "Its receipt"))


def test_page_costs_the_same_statements_however_much_belongs_to_it(
    life: dict[str, Event], claim: Claim, tell: Callable[..., Event], workspace: Workspace, visitor: Browser
) -> None:
    few = statements_of(partial(visitor.get, page_of(life["done"])))
    for number in range(30):
        edit = job_made(workspace, claim.agent, remote_id=f"job_more_{number}")
        link_made(edit, None, remote_id="image_source")
        tell(claim, "job.completed", job_id=edit.remote_id, occurred_at=at(80))
    assert statements_of(partial(visitor.get, page_of(life["done"]))) == few
    assert few <= MOST_STATEMENTS, few
