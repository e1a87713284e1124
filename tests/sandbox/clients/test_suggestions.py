"""Whatever command an answer suggests, the public client has it, with these flags (contract 1.2, 3.5)."""

from typing import Any

import pytest

from tests.sandbox.clients.client import Client0170, Ran
from tests.sandbox.clients.commands import problems, suggested


def answers(client: Client0170) -> list[Ran]:
    """A life with its refusals; each answer that suggests something is among these."""
    quote = client.credits_quote(pack_id="starter-500", method="stripe_checkout", key="q1")
    deposit = client.credits_quote(credits=20, method="stripe_x402.exact.usdc", key="q2")
    quote_id, deposit_id = quote.data["quote_id"], deposit.data["quote_id"]
    opened = client.credits_buy(quote_id, "b1")
    failing = {"model": "fal.z-image-turbo", "idempotency_key": "c1"}
    stranger = Client0170(client.http, "isk_r_wrong")
    return [
        client.quota(),
        client.credits_methods(),
        client.models_list(),
        client.models_show("default"),
        quote,
        client.credits_quote(credits=30, method="stripe_checkout", key="q1"),
        opened,
        client.credits_buy(deposit_id, "b2", provider="stripe_x402"),
        client.credits_buy(deposit_id, "b1", provider="stripe_x402"),
        client.credits_status(quote_id=quote_id),
        client.credits_status(quote_id=deposit_id),
        client.create("a valley", dry_run=True),
        client.create("a valley", model="fal.z-image-turbo", idempotency_key="c0"),
        client.create("another", model="fal.z-image-turbo", idempotency_key="c0"),
        client.create("[sandbox:provider_failure]", **failing),
        client.create("a valley", model="fal.nano-banana-pro", model_parameters={"resolution": "4K"}),
        client.create("a valley", model="openai.gpt-image-2", model_parameters={"quality": "auto"}),
        client.feedback_create(title="hm"),
        stranger.whoami(),
        stranger.credits_quote(credits=1, method="stripe_checkout"),
    ]


def test_every_suggested_command_is_one_that_the_client_runs(latest: Client0170) -> None:
    found = [(name, command) for ran in answers(latest) for name, command in suggested(ran.envelope)]
    assert len(found) > 50
    wrong = {problem for _, command in found for problem in problems(command)}
    assert wrong == set()


def test_the_label_of_every_answer_is_a_command_too(latest: Client0170) -> None:
    labels = {ran.envelope["command"].removeprefix("image-skill ") for ran in answers(latest)}
    assert labels <= {
        *("quota", "credits methods", "models list", "models show", "credits quote", "credits buy", "credits status"),
        *("create", "feedback create", "whoami"),
    }


@pytest.mark.parametrize(
    "command",
    [
        "image-skill credits quote --pack-id starter-500 --payment-method stripe_checkout --json",
        "image-skill credits packs --json",
        "image-skill credits buy --quote-id q --provider stripe --json",
        "image-skill signup --json",
        "image-skill jobs show --json",
    ],
)
def test_a_command_that_the_client_lacks_is_noticed(command: Any) -> None:
    assert problems(command)
