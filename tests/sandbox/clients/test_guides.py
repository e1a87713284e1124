"""The free guide of 0.1.25 and 0.1.70 comes to the stage that is true (contract 1.4, 2.5, 2.14)."""

from typing import Any

import httpx
import pytest
from pytest_django import Settings

from sandbox.models import Agent
from sandbox.models.identity import ClaimState
from tests.sandbox.clients.client import Client0125, Client0170
from tests.sandbox.clients.guide import guide

PROMPT = "a compact field camera"


def test_without_a_prompt_the_guide_asks_for_one(modern: Any) -> None:
    assert guide(modern, " ").stage == "prompt_required"


@pytest.mark.parametrize("release", [Client0125, Client0170])
def test_without_a_token_the_guide_leads_to_sign_up(sandbox_http: httpx.Client, release: Any) -> None:
    found = guide(release(sandbox_http), PROMPT)
    assert (found.stage, found.auth_ready) == ("auth_required", False)


def test_a_bad_token_leads_to_sign_up_and_not_to_an_outage(modern: Any) -> None:
    modern.token = "isk_r_wrong"
    assert guide(modern, PROMPT).stage == "auth_required"


def test_a_revoked_agent_is_led_to_sign_up(latest: Client0170) -> None:
    Agent.objects.update(claim_state=ClaimState.REVOKED)
    assert guide(latest, PROMPT).stage == "auth_required"


def test_a_fresh_agent_is_ready_and_the_guides_price_is_the_price_that_is_charged(modern: Any) -> None:
    found = guide(modern, PROMPT)
    assert (found.stage, found.auth_ready) == ("ready_to_create", True)
    spent = modern.create(PROMPT, model=found.model_id).data["quota"]["consumed_credits"]
    assert spent == found.estimated_credits
    assert guide(modern, PROMPT).remaining_credits == (found.remaining_credits or 0) - spent


@pytest.mark.parametrize(
    ("intent", "picked"),
    [
        ("explore", "xai.grok-imagine-image-quality"),
        ("draft", "fal.flux-dev"),
        ("hero", "xai.grok-imagine-image-quality"),
    ],
)
def test_the_latest_guide_and_the_server_choose_the_same_model(latest: Client0170, intent: str, picked: str) -> None:
    assert guide(latest, PROMPT, intent=intent).model_id == picked
    planned = latest.create(PROMPT, intent=intent, dry_run=True).data
    shown = latest.models_show(picked).data["model"]
    assert planned["capability"]["id"] == shown["capability"]["id"]


def test_a_model_that_is_not_there_leaves_nothing_to_run(modern: Any) -> None:
    assert guide(modern, PROMPT, model="nobody.nothing").stage == "no_executable_model"


def test_too_few_credits_lead_to_payment(modern: Any, settings: Settings) -> None:
    settings.SANDBOX_FREE_CREDITS = 1
    poor = type(modern)(modern.http)
    poor.start("poor", contact="poor@example.com")
    found = guide(poor, PROMPT)
    assert (found.stage, found.remaining_credits) == ("quota_required", 1)


def test_a_used_up_day_leads_to_payment_too(modern: Any, settings: Settings) -> None:
    settings.SANDBOX_DAILY_JOBS = 1
    modern.create(PROMPT, model="fal.z-image-turbo")
    assert guide(modern, PROMPT).stage == "quota_required"
