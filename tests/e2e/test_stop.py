"""The worst day in a real browser: Stop, Start again, and a token that somebody else has seen."""

from collections.abc import Callable
from typing import Any

import pytest

from api_client import AuthRefused, Client
from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, fits


def claimed(page: Any, agent: FreshAgent) -> str:
    """Claim the agent in this browser and return its page's address."""
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    page.get_by_label("Confirmation phrase").fill(agent.answer(page.locator("#invitation").inner_text()))
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text("Can work.").first.wait_for()
    address: str = page.url
    return address


def works(agent: FreshAgent) -> bool:
    with Client(base_url=agent.sandbox_url, token=agent.token) as client:
        try:
            client.identity.whoami()
        except AuthRefused:
            return False
    return True


@pytest.mark.parametrize("size", ["desk"])
def test_sponsor_stops_an_agent_and_starts_it_again(
    size: str, page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    address = claimed(page, fresh_agent)
    page.get_by_role("link", name="Stop", exact=True).click()
    main = page.get_by_role("main")
    assert "At most 31 credits ($0.31) can still be spent unless someone buys more." in main.inner_text()
    assert fits(page)

    page.get_by_role("button", name="Stop this agent").click()
    page.get_by_text("Nothing more can be spent with its token").wait_for()
    assert fits(page)
    assert not works(fresh_agent)
    page.goto(address)
    page.get_by_text("Stopped: Image Skill refuses its token.").wait_for()
    assert fits(page)

    page.get_by_role("link", name="How it stands").click()
    page.get_by_role("link", name="Start it again").click()
    page.get_by_role("button", name="Start it again").click()
    page.get_by_text("e2e-agent is started again.").wait_for()
    assert works(fresh_agent)
    page.get_by_text("Can work.").first.wait_for()


@pytest.mark.parametrize("size", ["phone"])
def test_sponsor_whose_agents_token_was_seen_finds_every_lever_and_what_it_did(
    size: str, page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    claimed(page, fresh_agent)
    main = page.get_by_role("main")
    main.get_by_text("Token exposed", exact=True).first.click()
    main.get_by_role("link", name="Token exposed").click()
    page.get_by_role("heading", name="What none of these reaches").wait_for()
    main.get_by_text("1 job, 9 credits").wait_for()
    assert fits(page)

    page.get_by_role("button", name="Replace the token").click()
    page.get_by_text("Its token cannot be replaced from here.").wait_for()
    assert works(fresh_agent)

    page.get_by_label("The token was seen, or may have been, from").fill("2030-01-01T00:00")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Nothing since then").wait_for()
    main.get_by_role("link", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop this agent").click()
    page.get_by_text("Nothing more can be spent with its token").wait_for()
    assert not works(fresh_agent)
