"""The other ways to claim, in a real browser: the agent asks by mail, the sponsor pastes a token, a link is renewed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import SIZES, sound
from tests.e2e.test_members import mailed
from tools.running import System


def sponsor_link(system: System, email: str) -> str:
    """Return a sign-in link of a new person who confirmed this address: a mailbox takes few requests."""
    return system.python(
        "from allauth.account.models import EmailAddress\n"
        "from dashboard.accounts.models import User\n"
        "from dashboard.accounts.services import workspace_create\n"
        "from dashboard.local.people import link_make\n"
        f"user = User.objects.create_user(email={email!r}, name='Nia New')\n"
        "EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)\n"
        "workspace_create(owner=user, name='New studio')\n"
        "print(link_make(user))"
    )


def enter(page: Any, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/local/" not in url)


def ask(system: System, agent: FreshAgent, contact: str) -> str:
    """Ask a contact as an agent does, and return the phrase."""
    headers = {"Authorization": f"Bearer {agent.token}"}
    answer = httpx.post(f"{system.url}/api/v1/claims", json={"contact": contact}, headers=headers)
    assert answer.status_code == 200, answer.text
    phrase: str = answer.json()["phrase"]
    return phrase


def state(system: System, agent: FreshAgent) -> str:
    headers = {"Authorization": f"Bearer {agent.token}"}
    told: str = httpx.get(f"{system.url}/api/v1/claims", headers=headers).json()["state"]
    return told


def link_of(system: System, agent: FreshAgent, contact: str) -> str:
    return mailed(system, contact, rf"(?s){agent.remote_id}.*?(http://localhost:\d+/claim/[\w-]+/)")


@pytest.mark.parametrize("size", ["phone"])
def test_agent_asks_by_mail_and_its_sponsor_links_it(
    size: str, page: Any, system: System, fresh_agent: FreshAgent
) -> None:
    contact = f"{size}-asked@example.net"
    page.set_viewport_size(SIZES[size])
    phrase = ask(system, fresh_agent, contact)
    page.goto(link_of(system, fresh_agent, contact))
    page.get_by_role("link", name="Sign in to decide").wait_for()
    assert page.url == f"{system.url}/claim/"
    sound(page)
    enter(page, sponsor_link(system, contact))
    sound(page)
    page.get_by_role("link", name="Look and decide").first.click()
    page.get_by_role("heading", name="e2e-agent asks to be linked").wait_for()
    sound(page)
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()
    assert state(system, fresh_agent) == "confirmed"


@pytest.mark.parametrize("size", ["desk"])
def test_request_is_refused_and_reported(size: str, page: Any, system: System, fresh_agent: FreshAgent) -> None:
    contact = f"{size}-reports@example.net"
    page.set_viewport_size(SIZES[size])
    ask(system, fresh_agent, contact)
    enter(page, sponsor_link(system, contact))
    page.goto(link_of(system, fresh_agent, contact))
    page.get_by_role("button", name="Refuse and report").click()
    page.get_by_text("Refused: nothing was linked").wait_for()
    sound(page)
    assert state(system, fresh_agent) == "refused"


def test_agent_is_blocked_from_the_mail_alone(page: Any, system: System, fresh_agent: FreshAgent) -> None:
    page.set_viewport_size(SIZES["phone"])
    ask(system, fresh_agent, "nobody@example.net")
    page.goto(link_of(system, fresh_agent, "nobody@example.net"))
    page.get_by_role("button", name="Block this agent").click()
    page.get_by_role("heading", name="Blocked").wait_for()
    sound(page)
    assert state(system, fresh_agent) == "refused"


@pytest.mark.parametrize("size", ["desk"])
def test_token_is_pasted_and_its_agent_linked(
    size: str, page: Any, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES[size])
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_text("Other ways").click()
    sound(page)
    page.get_by_label("The agent's token").fill("isk_r_mistyped")
    page.get_by_role("button", name="See whose it is").click()
    page.get_by_text("Image Skill does not accept this token.").wait_for()
    assert page.get_by_label("The agent's token").input_value() == ""
    page.get_by_label("The agent's token").fill(fresh_agent.token)
    page.get_by_role("button", name="See whose it is").click()
    page.get_by_text("no phrase to compare").wait_for()
    sound(page)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()


@pytest.mark.parametrize("size", ["phone"])
def test_broken_link_is_renewed_with_full_consent(
    size: str, page: Any, system: System, sign_in: Callable[[Any, str], None]
) -> None:
    page.set_viewport_size(SIZES[size])
    agent = FreshAgent(system.sandbox_url, contact=f"{size}-ops@example.net")
    sign_in(page, "sponsor")
    page.get_by_role("link", name="Claim an agent").first.click()
    page.get_by_role("button", name="Make a claim code").click()
    page.get_by_label("Confirmation phrase").fill(agent.answer(page.locator("#invitation").inner_text()))
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()

    agent.sign_up()
    page.get_by_text("The link is broken").wait_for(timeout=60_000)
    page.get_by_role("main").get_by_role("link", name="Claim it again").click()
    page.get_by_text("Its link is broken").wait_for()
    sound(page)
    page.get_by_role("button", name="Make a claim code").click()
    phrase = agent.answer(page.locator("#invitation").inner_text())
    page.get_by_text("This renews a broken link").wait_for()
    sound(page)
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_label("I know why its token changed").check()
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_text("is linked to").wait_for()
    page.get_by_text("Can work.").first.wait_for()


def test_agent_releases_its_link(
    page: Any, system: System, sign_in: Callable[[Any, str], None], fresh_agent: FreshAgent
) -> None:
    page.set_viewport_size(SIZES["phone"])
    phrase = ask(system, fresh_agent, "ana@demo.test")
    sign_in(page, "sponsor")
    page.goto(link_of(system, fresh_agent, "ana@demo.test"))
    page.get_by_label("Confirmation phrase").fill(phrase)
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("heading", name="e2e-agent", exact=True).wait_for()
    headers = {"Authorization": f"Bearer {fresh_agent.token}"}
    assert httpx.post(f"{system.url}/api/v1/claims/releases", headers=headers).json()["state"] == "released"
    assert page.reload().status == 404
    mailed(system, "ana@demo.test", r"(released its link)")
