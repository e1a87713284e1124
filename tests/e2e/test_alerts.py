"""Alerts in a real browser: a preset, an exception, the mail, and the end of mails by its link."""

from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import FreshAgent
from tests.e2e.looking import sound
from tests.e2e.test_members import mailed
from tests.e2e.test_stop import claimed
from tools.running import System

SPONSOR = "ana@demo.test"


def swept(system: System) -> None:
    """Do at once what the scheduler would have done within a minute."""
    system.python(
        "from dashboard.alerts.tasks import alert_mails_compose, alerts_sweep\n"
        "from dashboard.notify.tasks import mail_send_due\n"
        "print(alerts_sweep(), alert_mails_compose(), mail_send_due())"
    )


def test_person_chooses_is_told_and_unsubscribes(
    page: Any,
    browser: Any,
    system: System,
    sign_in: Callable[[Any, str], None],
    fresh_agent: FreshAgent,
) -> None:
    sign_in(page, "sponsor")
    home = page.url
    page.goto(f"{home}settings/alerts/")
    page.get_by_role("radio", name="Everything").check()
    page.get_by_label("Send me mails").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    assert page.get_by_role("radio", name="Everything").is_checked()

    page.get_by_label("Kind").select_option("daily_cap")
    page.get_by_role("button", name="Add exception").click()
    page.get_by_text("Never: Daily cap of every agent").wait_for()
    sound(page)

    page.goto(home)
    claimed(page, fresh_agent)
    swept(system)
    page.goto(f"{home}alerts/")
    page.get_by_role("main").get_by_text("31 credits left.").first.wait_for()
    sound(page)

    link = mailed(system, SPONSOR, r"(http://localhost:\d+/alerts/unsubscribe/[\w.-]+/)")
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    sound(stranger)
    stranger.get_by_role("button", name="Stop these mails").click()
    stranger.get_by_role("heading", name="No more mails").wait_for()

    page.goto(f"{home}settings/alerts/")
    assert not page.get_by_label("Send me mails").is_checked()
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_text("None yet.").wait_for()
