from typing import Any

import pytest

from api_client import Client, CreateResult
from sandbox.models import Job as JobRow
from tests.contract.playing import PROMPT, QUICK, TWO_CREDITS_EACH, Agent, World


def facts(made: CreateResult) -> dict[str, Any]:
    """All that a replay repeats: not the advice about the credits of now."""
    return made.model_dump(exclude={"top_up", "service_warnings"})


def test_live_work_is_one_asset_one_job_one_debit(agent: Agent) -> None:
    made = agent.create("k1", intent="explore")
    assert made.job_id is not None
    assert made.job_id.startswith("job_")
    assert (made.status, made.safety_status, made.consumed_credits) == ("completed", "allowed", 1)
    assert made.capability_id == "is.image.generate.fal-z-image-turbo.v1"
    (asset,) = made.assets
    assert made.asset_ids == (asset.asset_id,)
    assert (asset.job_id, asset.mime_type, asset.width, asset.height) == (made.job_id, "image/png", 512, 512)
    assert made.cost is not None
    # 0.005 dollars a megapixel, 512 x 512 pixels.
    assert (made.cost.credits, made.cost.estimated_usd_micros) == (1, 1311)
    assert made.plan_receipt is None


def test_the_answer_says_what_was_chosen_and_never_the_values(agent: Agent) -> None:
    request = agent.create("k1", intent="explore", aspect_ratio="16:9", model_parameters={"seed": 424242}).request
    assert request is not None
    selection = request["selection"]
    assert (request["output_count"], selection["intent"], selection["reason"]) == (1, "explore", "requested_model")
    assert selection["model_parameters"]["keys"] == ["seed"]
    assert "424242" not in str(request)
    wide = selection["output"]["expected_width"] / selection["output"]["expected_height"]
    assert wide == pytest.approx(16 / 9, rel=0.02)


def test_several_outputs_are_several_assets_of_one_job(agent: Agent) -> None:
    made = agent.create("k1", **TWO_CREDITS_EACH, output_count=3)
    assert len(set(made.asset_ids)) == len(made.assets) == 3
    assert {asset.job_id for asset in made.assets} == {made.job_id}
    assert made.consumed_credits == 6
    assert made.cost is not None
    assert made.cost.credit_pricing is not None
    assert made.cost.credit_pricing.credits_required == made.cost.credits == 6
    assert made.cost.estimated_usd_micros == made.cost.credit_pricing.estimated_provider_cost_usd_micros == 33_000
    assert made.cost.credit_pricing.estimated_revenue_usd_micros == 60_000
    assert agent.job_of(made).assets == made.assets


def test_a_dry_run_plans_and_takes_nothing(agent: Agent) -> None:
    planned = agent.create("k1", **TWO_CREDITS_EACH, output_count=2, dry_run=True)
    assert (planned.status, planned.assets, planned.asset_ids) == ("planned", (), ())
    assert (planned.consumed_credits, planned.credits_required) == (0, 4)
    assert planned.plan_receipt is not None
    assert planned.plan_receipt["credits_required"] == 4
    job = agent.job_of(planned)
    assert (job.status, job.assets, job.completed_at) == ("planned", (), None)
    assert job.plan_receipt == planned.plan_receipt
    assert [event.type for event in agent.ledger()] == ["job.planned"]
    assert agent.client.quota.get().remaining_credits == 40


def test_a_dry_run_leaves_its_key_to_the_live_one(agent: Agent) -> None:
    planned = agent.create("k1", dry_run=True)
    made = agent.create("k1")
    assert (made.status, made.consumed_credits) == ("completed", planned.credits_required)
    assert made.job_id != planned.job_id


def test_a_visitor_may_plan_and_leaves_no_job_behind(visitor: Client) -> None:
    planned = visitor.work.create(prompt=PROMPT, idempotency_key="k1", dry_run=True, **QUICK)
    assert (planned.job_id, planned.status, planned.assets) == (None, "planned", ())
    assert (planned.consumed_credits, planned.credits_required) == (0, 1)
    assert planned.plan_receipt is not None
    assert planned.trace_id is not None
    assert not JobRow.objects.exists()


def test_a_plan_costs_what_the_work_costs(visitor: Client, agent: Agent) -> None:
    terms: dict[str, Any] = {"prompt": PROMPT, "idempotency_key": "k1", **TWO_CREDITS_EACH, "output_count": 2}
    plans = [client.work.create(**terms, dry_run=True) for client in (visitor, agent.client)]
    made = agent.client.work.create(**terms)
    assert [plan.credits_required for plan in plans] == [made.consumed_credits] * 2
    assert [plan.cost for plan in plans] == [made.cost] * 2
    assert [plan.request for plan in plans] == [made.request] * 2


def test_the_same_key_replays_the_job(agent: Agent) -> None:
    made = agent.create("k1")
    again = agent.create("k1")
    assert facts(again) == facts(made), "job, assets, debit and trace are the first answer's"
    assert made.service_warnings == ()
    assert "nothing was charged" in again.service_warnings[0]
    quota = agent.client.quota.get()
    assert quota.daily_jobs is not None
    assert (quota.remaining_credits, quota.daily_jobs.used) == (39, 1)
    assert len(agent.ledger()) == 3


def test_keys_of_two_agents_never_meet(world: World, agent: Agent) -> None:
    assert agent.create("k1").job_id != world.join().create("k1", prompt=f"{PROMPT} at dusk").job_id


def test_a_price_below_the_guard_passes(agent: Agent) -> None:
    assert agent.create("k1", max_estimated_usd_micros_per_image=10_000).consumed_credits == 1


def test_an_unknown_cost_runs_once_it_is_accepted(agent: Agent) -> None:
    terms: dict[str, Any] = {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}}
    planned = agent.create("plan", **terms, dry_run=True)
    made = agent.create("k1", **terms, accept_unknown_cost=True)
    assert made.cost is not None
    assert made.cost.credit_pricing is not None
    assert made.cost.credit_pricing.pricing_confidence == "unknown"
    assert made.cost.credit_pricing.estimated_provider_cost_usd_micros is None
    assert made.consumed_credits == planned.credits_required == made.cost.credits == 7


@pytest.mark.parametrize(
    ("terms", "reason", "capability"),
    [
        ({}, "default_model", "xai-grok-imagine-image-quality"),
        ({"intent": "draft"}, "draft_intent", "fal-flux-dev"),
        ({"provider": "fal"}, "requested_provider", "fal-flux-dev"),
        ({"model": "nano-banana"}, "requested_model", "fal-nano-banana-2"),
    ],
)
def test_the_service_chooses_where_the_caller_does_not(
    visitor: Client, terms: dict[str, Any], reason: str, capability: str
) -> None:
    planned = visitor.work.create(prompt=PROMPT, idempotency_key="k1", dry_run=True, **terms)
    assert planned.capability_id == f"is.image.generate.{capability}.v1"
    assert planned.request is not None
    assert planned.request["selection"]["reason"] == reason
