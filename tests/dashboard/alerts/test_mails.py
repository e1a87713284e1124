"""Alert mails: one for what is due at a time, inert whatever names are in it, ended by one press."""

import re
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import time_machine
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.members import member_remove
from dashboard.accounts.models import PlatformRole, User, Workspace
from dashboard.accounts.services import platform_role_revoke
from dashboard.agents.models import Agent, Claim
from dashboard.alerts.mails import deliveries_settle, mails_compose
from dashboard.alerts.models import Delivery, Preference
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from dashboard.notify.services import MAX_ATTEMPTS, mail_send_due
from tests.dashboard.alerts.conftest import credits_set, mailed, swept

pytestmark = pytest.mark.django_db
HOSTILE = 'evil\r\nBcc: all@example.com\n\nBuy now https://evil.test/<script>alert(1)</script>"><img src=x>'
EVENING = datetime(2026, 6, 1, 21, tzinfo=UTC)


class Away(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, email_messages: Any) -> int:  # noqa: ARG002 - Django's signature
        raise ConnectionRefusedError


AWAY = f"{__name__}.Away"


def test_one_alert_is_a_mail_of_its_own(held: Any, owner: User, mailoutbox: list[Any], settings: Any) -> None:
    claim = held("render-bot")
    credits_set(claim, 15)
    swept()
    assert (mailed(), mailed()) == (1, 0)
    mail = mailoutbox[0]
    assert mail.to == [owner.email]
    assert "render-bot" in mail.subject
    assert mail.subject.endswith(": 15 credits left")
    page = settings.DASHBOARD_URL + reverse("web:agent_detail", args=[claim.workspace.key, claim.agent.remote_id])
    for text in (mail.body, mail.alternatives[0][0]):
        assert page in text
        assert "15 credits left." in text


def test_many_at_a_time_are_one_mail_the_gravest_first(held: Any, mailoutbox: list[Any]) -> None:
    for number in range(60):
        credits_set(held(f"agent-{number:02}"), 15)
    credits_set(Claim.objects.get(agent__name="agent-59"), 0)
    swept()
    assert mailed() == 1
    mail = mailoutbox[0]
    assert "60 alerts, " in mail.subject
    assert mail.body.index("agent-59") < mail.body.index("agent-00")
    assert "And 20 more" in mail.body
    assert Delivery.objects.filter(state="queued").count() == 60
    deliveries_settle()
    assert Delivery.objects.filter(state="sent").count() == 60


def test_quiet_hours_end_with_one_mail(held: Any, chosen: Any, owner: User, mailoutbox: list[Any]) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="Europe/Berlin")
    chosen(quiet_from=time(22), quiet_until=time(7))
    with time_machine.travel(EVENING, tick=False) as clock:
        claim, other = held("one"), held("other")
        for credits_, hours in ((0, 1), (500, 1), (0, 1)):
            credits_set(claim, credits_)
            swept()
            assert mailed() == 0
            clock.shift(timedelta(hours=hours))
        credits_set(other, 15)
        swept()
        clock.move_to(datetime(2026, 6, 2, 4, 59, tzinfo=UTC))
        assert mailed() == 0
        clock.shift(timedelta(minutes=1))
        assert mailed() == 1
    body = mailoutbox[0].body
    # What came, went and came again is said once, as it stands.
    assert body.count("Out of credits.") == 1
    assert "Noticed 1 Jun 2026, 23:00, over 2 Jun 2026, 00:00 CEST" in body
    assert "15 credits left." in body
    assert "CEST" in body


def test_late_task_keeps_to_quiet_hours(held: Any, chosen: Any, mailoutbox: list[Any]) -> None:
    chosen(quiet_from=time(22), quiet_until=time(7))
    with time_machine.travel(EVENING, tick=False) as clock:
        credits_set(held(), 0)
        swept()
        clock.shift(timedelta(hours=1))
        assert mailed() == 0
        clock.move_to(datetime(2026, 6, 2, 6, 59, tzinfo=UTC))
        assert mailed() == 0
        clock.shift(timedelta(minutes=1))
        assert mailed() == 1


@pytest.mark.parametrize("person", ["owner", "billing_admin"])
def test_retry_keeps_to_quiet_hours_and_to_those_chosen_meanwhile(
    held: Any, person: str, request: pytest.FixtureRequest, mailoutbox: list[Any], settings: Any
) -> None:
    user: User = request.getfixturevalue(person)
    backend = settings.EMAIL_BACKEND
    with time_machine.travel(EVENING, tick=False) as clock:
        credits_set(held(), -40)
        swept()
        settings.EMAIL_BACKEND = AWAY
        assert mailed() == 0
        settings.EMAIL_BACKEND = backend
        Preference.objects.filter(user=user).update(quiet_from=time(21), quiet_until=time(7))
        clock.shift(timedelta(hours=2))
        mail_send_due()
        assert user.email not in [address for mail in mailoutbox for address in mail.to]
        assert OutboxMail.objects.get(to=user.email).attempts == 1
        clock.move_to(datetime(2026, 6, 2, 7, tzinfo=UTC))
        assert mail_send_due() == 1
    assert mailoutbox[-1].to == [user.email]


def test_daily_mail_comes_once_a_day(held: Any, chosen: Any, mailoutbox: list[Any]) -> None:
    chosen(rhythm="daily", digest_hour=8)
    with time_machine.travel(EVENING, tick=False) as clock:
        for name in ("one", "other"):
            credits_set(held(name), 0)
            swept()
            clock.shift(timedelta(minutes=30))
        assert mailed() == 0
        clock.move_to(datetime(2026, 6, 2, 8, tzinfo=UTC))
        assert mailed() == 1
        assert mailed() == 0
    assert "2 alerts" in mailoutbox[0].subject


def test_long_outage_of_the_mail_server_ends_with_one_mail_more(
    held: Any, chosen: Any, mailoutbox: list[Any], settings: Any
) -> None:
    chosen(preset="everything")
    backend = settings.EMAIL_BACKEND
    with time_machine.travel(EVENING, tick=False) as clock:
        claim = held()
        settings.EMAIL_BACKEND = AWAY
        for _ in range(10):
            for credits_ in (0, 500):
                credits_set(claim, credits_)
                swept()
                mailed()
                clock.shift(timedelta(minutes=4))
        settings.EMAIL_BACKEND = backend
        clock.shift(timedelta(hours=1))
        assert mailed() == 1
        assert mailed() == 1
        assert mailed() == 0
    assert len(mailoutbox) == 2


def test_scheduler_that_was_away_tells_what_is_so_now_in_one_mail(held: Any, mailoutbox: list[Any]) -> None:
    with time_machine.travel(EVENING, tick=False) as clock:
        for number in range(5):
            credits_set(held(f"agent-{number}"), 0)
        swept()
        clock.shift(timedelta(days=3))
        Agent.objects.filter(name="agent-0").update(paid_credits=500)
        swept()
        assert mailed() == 1
    assert len(mailoutbox) == 1


def test_mail_that_was_given_up_can_be_sent_again(
    held: Any, workspace: Workspace, owner: User, settings: Any, browser_of: Any, mailoutbox: list[Any]
) -> None:
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = AWAY
    for name in ("one-bot", "other-bot"):
        credits_set(held(name), 0)
    swept()
    mails_compose()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(MAX_ATTEMPTS + 1):
            mail_send_due()
            clock.shift(timedelta(hours=3))
    deliveries_settle()
    given_up, sibling = Delivery.objects.order_by("pk")
    assert (given_up.state, given_up.mail_id) == ("given_up", sibling.mail_id)
    settings.EMAIL_BACKEND = backend
    browser = browser_of(owner)
    assert "Send again" in browser.get(reverse("alerts:delivery_list", args=[workspace.key])).content.decode()
    browser.post(reverse("alerts:delivery_again", args=[workspace.key, given_up.pk]))
    mail_send_due()
    deliveries_settle()
    assert len(mailoutbox) == 1
    assert {one.state for one in Delivery.objects.all()} == {"sent"}
    assert AuditEntry.objects.filter(action="alerts.sent_again").exists()


def test_hostile_names_are_inert(held: Any, workspace: Workspace, mailoutbox: list[Any], settings: Any) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(name=HOSTILE[:80])
    credits_set(held(HOSTILE), 0)
    swept()
    assert mailed() == 1
    sent = message_from_bytes(mailoutbox[0].message().as_bytes(), policy=policy.default)
    assert sent["Bcc"] is None
    assert "\n" not in mailoutbox[0].subject
    html = mailoutbox[0].alternatives[0][0]
    assert "<script>alert" not in html
    assert "<img" not in html
    assert not re.search(r"https?://(?!localhost|127\.0\.0\.1)", html + mailoutbox[0].body)


def test_no_secret_and_no_contact_is_in_a_mail(held: Any, mailoutbox: list[Any]) -> None:
    claim = held()
    Claim.objects.filter(pk=claim.pk).update(token_sealed="1.k.SEALED-TOKEN", token_refused_at=claim.claimed_at)
    swept()
    assert mailed() == 1
    whole = str(mailoutbox[0].message())
    assert "SEALED" not in whole
    assert mailoutbox[0].subject.endswith("Image Skill refuses its token")


def test_service_is_called_as_the_settings_say(held: Any, mailoutbox: list[Any], settings: Any) -> None:
    settings.PRODUCT_NAME = "Other Name"
    claim = held()
    Claim.objects.filter(pk=claim.pk).update(token_refused_at=claim.claimed_at)
    swept()
    assert mailed() == 1
    assert mailoutbox[0].subject.endswith("Other Name refuses its token")
    assert "Image Skill" not in mailoutbox[0].body + mailoutbox[0].alternatives[0][0]


def link_of(mail: Any) -> str:
    """Return the path of the link that mail programs press."""
    found = re.fullmatch(r"<https?://[^/]+(/[^>]+)>", mail.extra_headers["List-Unsubscribe"])
    assert found
    return found[1]


def test_one_press_of_the_mail_program_ends_the_mails(
    held: Any, owner: User, workspace: Workspace, mailoutbox: list[Any]
) -> None:
    claim = held()
    credits_set(claim, 15)
    swept()
    mailed()
    sent = message_from_bytes(mailoutbox[0].message().as_bytes(), policy=policy.default)
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["List-Unsubscribe"].strip().startswith("<http")
    # As RFC 8058 has it: no cookie, no page, one body.
    stranger = Browser(enforce_csrf_checks=True)
    answer = stranger.post(link_of(mailoutbox[0]), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not Preference.objects.get(user=owner).has_mail
    credits_set(claim, 0)
    swept()
    assert mailed() == 0
    entry = AuditEntry.objects.get(action="alerts.unsubscribed")
    assert (entry.workspace_id, entry.actor_label) == (workspace.pk, "the link in a mail")


def test_somebody_who_is_out_ends_nothing_by_an_old_mail(
    held: Any, owner: User, buyer: User, workspace: Workspace, mailoutbox: list[Any]
) -> None:
    claim = held()
    credits_set(claim, 0)
    swept()
    mailed()
    theirs = next(link_of(mail) for mail in mailoutbox if mail.to == [buyer.email])
    member_remove(workspace=workspace, user=buyer, actor=owner)
    Browser().post(theirs, {"List-Unsubscribe": "One-Click"})
    assert not Preference.objects.filter(user=buyer, has_mail=False).exists()
    assert not AuditEntry.objects.filter(action="alerts.unsubscribed").exists()


def test_somebody_who_gave_up_a_platform_role_ends_nothing_by_an_old_mail(
    held: Any, billing_admin: User, mailoutbox: list[Any]
) -> None:
    credits_set(held(), -40)
    swept()
    mailed()
    theirs = next(link_of(mail) for mail in mailoutbox if mail.to == [billing_admin.email])
    platform_role_revoke(user=billing_admin, role=PlatformRole.BILLING_ADMIN, actor=None)
    Browser().post(theirs, {"List-Unsubscribe": "One-Click"})
    assert not Preference.objects.filter(user=billing_admin, has_mail=False).exists()
    assert not AuditEntry.objects.filter(action="alerts.unsubscribed").exists()


def test_opening_the_link_changes_nothing(held: Any, owner: User, mailoutbox: list[Any]) -> None:
    credits_set(held(), 0)
    swept()
    mailed()
    page = Browser().get(link_of(mailoutbox[0]))
    assert "Stop these mails" in page.content.decode()
    assert Preference.objects.get(user=owner).has_mail


def test_mail_that_waits_is_not_sent_after_the_press(
    held: Any, chosen: Any, owner: User, mailoutbox: list[Any]
) -> None:
    chosen(rhythm="daily")
    credits_set(held(), 0)
    swept()
    Preference.objects.filter(user=owner).update(has_mail=False)
    Delivery.objects.update(due_at=EVENING - timedelta(days=9))
    assert mailed() == 0
    assert Delivery.objects.get().state == "dropped"


@pytest.mark.parametrize("spoil", [lambda path: path[:-3] + "xx/", lambda path: path.replace("-", "9-", 1)])
def test_link_that_we_did_not_sign_does_nothing(held: Any, owner: User, mailoutbox: list[Any], spoil: Any) -> None:
    credits_set(held(), 0)
    swept()
    mailed()
    answer = Browser().post(spoil(link_of(mailoutbox[0])))
    assert answer.status_code == 404
    assert Preference.objects.get(user=owner).has_mail


def test_outbox_and_deliveries_are_written_together_or_not_at_all(held: Any) -> None:
    credits_set(held(), 0)
    swept()
    assert mails_compose() == 1
    assert mails_compose() == 0
    assert OutboxMail.objects.count() == 1
    assert Delivery.objects.get().mail == OutboxMail.objects.get()
