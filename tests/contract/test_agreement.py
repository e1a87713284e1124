"""The two sides cannot drift apart in silence: nothing is misread, and nothing that the client reads stays empty."""

from typing import Any

import pytest

from api_client import ApiError, Record, SignUp
from tests.contract.playing import CONTACT, PROMPT, QUICK, TWO_CREDITS_EACH, World, misfits, records_in
from tests.contract.test_upload import picture

# What the sandbox has no reason to fill.
UNFILLED = {
    "Cost.provider_reported_usd_ticks",  # null in the contract too
    "PaymentMethod.unavailable_reason",  # both rails sell
}
# By key, each another advice.
REFUSED: dict[str, dict[str, Any]] = {
    "k1": {"prompt": f"{PROMPT} at dusk"},
    "k2": {"prompt": "[sandbox:provider_failure]"},
    "k3": {"model": "openai.gpt-image-2", "model_parameters": {"quality": "auto"}},
    "k4": {"model": "fal.nano-banana-pro", "model_parameters": {"resolution": "4K"}},
}


def tour(world: World) -> None:
    """Every endpoint that is served, with everything that it can tell."""
    visitor, agent = world.connect(), world.join(agent_contact=CONTACT)
    visitor.identity.health()
    visitor.credits.packs(), visitor.credits.payment_methods()
    visitor.catalog.models(), visitor.catalog.models(catalog_only=True), visitor.catalog.model("default")
    visitor.catalog.capabilities(), visitor.catalog.capability("fal.flux-dev")
    visitor.work.create(prompt=PROMPT, idempotency_key="k", dry_run=True, **QUICK)
    agent.client.identity.claim_request(contact=CONTACT)
    agent.client.identity.whoami(), agent.client.quota.get()
    agent.client.credits.quote_create(pack_id="starter-500", payment_method="stripe_checkout", idempotency_key="q")
    agent.create("plan", dry_run=True)
    for _ in range(2):
        agent.create("k1", **TWO_CREDITS_EACH, output_count=2)
    source = agent.client.work.upload(filename="a.png", mime_type="image/png", content=picture()).asset.asset_id
    agent.client.work.edit(input_asset_id=source, idempotency_key="e", prompt=PROMPT, model="fal.z-image-turbo-edit")
    agent.client.feedback.create(title="Slow")
    for key, changes in REFUSED.items():
        with pytest.raises(ApiError):
            agent.create(key, **changes)
    for event in agent.ledger():
        agent.client.activity.get(event.event_id)
        if event.job_id:
            for asset in agent.client.jobs.get(event.job_id).assets:
                agent.client.assets.get(asset.asset_id)


def test_every_answer_is_understood_and_fills_what_the_client_reads(world: World) -> None:
    tour(world)
    asked = {field_of(record, name) for record in world.seen for name in type(record).model_fields}
    told = {
        field_of(record, name)
        for record in world.seen
        for name in type(record).model_fields
        if getattr(record, name) not in (None, (), {})
    }
    assert len(asked) > 100
    assert asked - told == UNFILLED


def field_of(record: Record, name: str) -> str:
    """`Answer.trace_id`: by the class that names it first, so that what one kind of answer fills is filled."""
    owner = next(kind for kind in reversed(type(record).__mro__) if name in vars(kind).get("__annotations__", {}))
    return f"{owner.__name__}.{name}"


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        ({"token": None, "is_new": "yes"}, ["is_new"]),
        ({"token": None, "actor": {"actor_id": "agt_1", "organization_id": 5}}, ["actor"]),
    ],
)
def test_a_misread_field_would_be_noticed(wire: dict[str, Any], problem: list[str]) -> None:
    record: Record = SignUp.model_validate(wire)
    assert [name for part in records_in(record) for name in misfits(part)] == problem
