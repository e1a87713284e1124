"""The people who run the service are told by their role, over all workspaces, and nobody else is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.services import platform_role_revoke
from dashboard.activity.models import Event
from dashboard.agents.models import Agent
from dashboard.alerts.facts import DISPUTES_OPEN
from dashboard.alerts.models import PLATFORM_CHOICES, Alert, Delivery, Preference
from dashboard.alerts.wording import alert_said
from dashboard.credits.following import LATE_AFTER as GRANT_LATE_AFTER
from dashboard.credits.models import Purchase, Reversal
from dashboard.credits.selectors import hand_offs_open
from dashboard.feedback.models import Cluster, Level
from dashboard.freshness.models import KnownGap, Outage, Stream, SyncCursor
from tests.dashboard.alerts.conftest import credits_set, mailed, swept
from tests.dashboard.billing.desk_rows import event_made
from tests.dashboard.conftest import platform_person
from tests.dashboard.credits import papers
from tests.dashboard.credits.papers import receipt_made, step_made
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def told() -> set[tuple[str, str, str]]:
    rows = Delivery.objects.exclude(state="dropped")
    return set(rows.values_list("user__email", "crossing__alert__kind", "crossing__change"))


def open_kinds(audience: str) -> set[str]:
    return set(Alert.objects.filter(audience=audience, ended_at=None).values_list("kind", flat=True))


def test_dispute_is_told_to_the_workspace_and_to_billing_until_it_is_won(
    held: Any, owner: User, billing_admin: User, operator: User
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        claim = held("render-bot")
        receipt = receipt_made(claim.workspace, claim.agent, at=NOW)
        step_made(receipt, "disputed", 500, at=NOW)
        swept()
        swept()
        assert told() == {(owner.email, "dispute", "opened"), (billing_admin.email, "dispute", "opened")}
        clock.shift(timedelta(hours=1))
        step_made(receipt, "reinstated", 500, at=NOW + timedelta(hours=1))
        swept()
    assert (billing_admin.email, "dispute", "recovered") in told()
    assert not open_kinds("billing_admin")


def test_dispute_whose_credits_the_ledger_does_not_tell_names_none(held: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        claim = held()
        receipt = receipt_made(claim.workspace, claim.agent, at=NOW)
        told_of = papers.event_made(receipt, "credits.payment_backed_disputed", at=NOW)
        untold = {"credits_delta": None, "amount_cents": 500, "occurred_at": NOW}
        Reversal.objects.create(purchase=receipt.purchase, event=told_of, kind="disputed", **untold)
        swept()
    said = alert_said(Alert.objects.get(audience="workspace", kind="dispute"))
    assert said is not None
    assert said.sentence == "Payment disputed. The ledger does not tell how many credits were taken back."


def test_lost_dispute_grows_old_without_a_message(held: Any, billing_admin: User) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        claim = held()
        step_made(receipt_made(claim.workspace, claim.agent, at=NOW), "disputed", 500, at=NOW)
        swept()
        clock.shift(DISPUTES_OPEN + timedelta(days=1))
        SyncCursor.objects.update(synced_at=timezone.now())
        swept()
        assert {change for _, _, change in told()} == {"opened"}
        assert set(Alert.objects.values_list("ending", flat=True)) == {"lapsed"}


def test_stuck_purchase_is_told_when_its_page_calls_it_late(held: Any, owner: User, billing_admin: User) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        claim = held()
        bought: dict[str, Any] = {"origin": "sponsor", "opened_at": NOW, "state": "paid", "paid_at": NOW}
        stuck = Purchase.objects.create(workspace=claim.workspace, agent=claim.agent, credits=500, **bought)
        clock.shift(GRANT_LATE_AFTER - timedelta(seconds=1))
        swept()
        assert told() == set()
        clock.shift(timedelta(seconds=1))
        swept()
        assert {email for email, _, _ in told()} == {owner.email, billing_admin.email}
        Purchase.objects.filter(pk=stuck.pk).update(state="succeeded", granted_at=timezone.now())
        swept()
        assert (owner.email, "purchase_stuck", "recovered") in told()


def test_negative_balance_reaches_billing(held: Any, billing_admin: User) -> None:
    credits_set(held(), -40)
    swept()
    credits_set(Agent.objects.get().claims.get(), 500)
    swept()
    mine = {(kind, change) for email, kind, change in told() if email == billing_admin.email}
    assert mine == {("negative_balance", "opened"), ("negative_balance", "recovered")}


def test_operators_hear_of_an_outage_once_it_lasts(held: Any, operator: User, owner: User) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        held()
        Outage.objects.create(service="hosted API", failures=5, failing_since=NOW, opened_at=NOW, probe_at=NOW)
        swept()
        assert told() == set()
        clock.shift(timedelta(minutes=5))
        swept()
        assert told() == {(operator.email, "service_away", "opened")}
        Outage.objects.all().delete()
        swept()
        assert (operator.email, "service_away", "recovered") in told()


def test_billing_hears_when_webhooks_stay_away_and_when_they_come_again(billing_admin: User, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_any"]
    with time_machine.travel(NOW, tick=False) as clock:
        for minutes in (0, 10, 20):
            event_made(received_at=NOW - timedelta(minutes=minutes))
        swept()
        assert told() == set()
        clock.shift(timedelta(hours=2))
        swept()
        assert told() == {(billing_admin.email, "webhooks_quiet", "opened")}
        assert Alert.objects.get().figures == {"missed": 0, "hours": 2}
        clock.shift(timedelta(minutes=11))
        event_made(received_at=timezone.now())
        swept()
    assert (billing_admin.email, "webhooks_quiet", "recovered") in told()


def test_operators_hear_of_late_agents_and_broken_contracts(held: Any, operator: User) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        claims = [held(f"agent-{number}") for number in range(3)]
        SyncCursor.objects.update(error_code="CONTRACT_MISMATCH")
        Event.objects.create(
            agent=claims[0].agent, workspace=claims[0].workspace, remote_id="evt_1", type="weather.changed",
            occurred_at=NOW, synced_at=NOW,
        )  # fmt: skip
        clock.shift(timedelta(hours=3))
        swept()
        assert open_kinds("operator") == {"sync_stale", "contract_breach", "unknown_event"}
        assert Alert.objects.get(kind="contract_breach").figures == {"streams": 3}
        assert Alert.objects.get(kind="unknown_event").subject_label == "weather.changed"
        SyncCursor.objects.update(error_code="", synced_at=timezone.now())
        swept()
        assert open_kinds("operator") == {"unknown_event"}


def test_operators_hear_once_of_lines_that_cannot_be_read(held: Any, operator: User) -> None:
    """A stretch that nobody could read is the sponsors' to know; a line that broke the contract is ours."""
    with time_machine.travel(NOW, tick=False) as clock:
        first, second = (held(f"agent-{number}").agent for number in range(2))
        gap = {"stream": Stream.AGENT, "before_at": NOW, "reason": "?"}
        KnownGap.objects.create(**gap, subject_id=first.pk)
        swept()
        assert open_kinds("operator") == set()
        for agent, line in ((first, "evt_1"), (first, "evt_2"), (second, "evt_1")):
            KnownGap.objects.create(**gap, subject_id=agent.pk, line=line)
        for _ in range(2):
            swept()
            clock.shift(timedelta(minutes=11))
        assert Alert.objects.get(kind="broken_lines").figures == {"agents": 2}
        assert [change for _, kind, change in told() if kind == "broken_lines"] == ["opened"]
        clock.shift(timedelta(days=15))
        swept()
        assert "broken_lines" not in open_kinds("operator")


def test_role_without_a_holder_is_answered_for_by_operators(held: Any, operator: User) -> None:
    credits_set(held(), -1)
    swept()
    assert (operator.email, "negative_balance", "opened") in told()


def test_holder_who_loses_the_role_hears_no_more_and_others_do(held: Any, billing_admin: User) -> None:
    other = platform_person("bella@imageskill.test", PlatformRole.BILLING_ADMIN)
    swept()
    Preference.objects.filter(user=other, workspace=None).update(preset="quiet")
    platform_role_revoke(user=billing_admin, role=PlatformRole.BILLING_ADMIN, actor=None)
    credits_set(held(), -1)
    swept()
    assert {email for email, _, _ in told() if email.endswith("imageskill.test")} == {other.email}


def test_what_is_asked_of_a_workspace_is_what_its_inbox_shows(held: Any, workspace: Any) -> None:
    """The sweep asks for all workspaces what `hand_offs_open` asks for one."""
    claim = held()
    shown: dict[str, Any] = {"origin": "agent", "opened_at": NOW, "state": "open", "status_at": NOW}
    for more in (
        {},
        {"granted_at": NOW},
        {"dismissed_at": NOW},
        {"expires_at": NOW},
        {"status_at": None},
        {"state": "paid"},
    ):
        Purchase.objects.create(workspace=workspace, agent=claim.agent, **{**shown, **more})
    swept()
    alerts = Alert.objects.filter(kind="hand_off").values_list("subject_id", flat=True)
    assert set(alerts) == {str(one.key) for one in hand_offs_open(workspace)}
    assert len(alerts) == 1


@pytest.mark.parametrize("role", [role for role, _ in PLATFORM_CHOICES])
def test_each_role_has_its_own_pages(
    role: str, request: pytest.FixtureRequest, browser_of: Callable[..., Browser]
) -> None:
    person: User = request.getfixturevalue(role)
    browser = browser_of(person)
    now = timezone.now()
    Alert.objects.create(
        audience=role, kind=f"gone-{role}", subject_id="x", subject_label="of-a-kind-that-is-gone", level=1,
        opened_at=now, crossed_at=now, ended_at=now, ending="lapsed",
    )  # fmt: skip
    assert "of-a-kind-that-is-gone" in words(browser.get(reverse(f"alerts:{role}_alert_list")))
    answer = browser.post(
        reverse(f"alerts:{role}_preferences"),
        {"preset": "everything", "has_mail": "on", "rhythm": "daily", "digest_hour": "7"},
    )
    assert answer.status_code == 302
    kept = Preference.objects.get(user=person, workspace=None, role=role)
    assert (kept.preset, kept.rhythm) == ("everything", "daily")


def test_platform_person_excepts_a_kind(billing_admin: User, browser_of: Callable[..., Browser], held: Any) -> None:
    browser = browser_of(billing_admin)
    browser.post(reverse("alerts:billing_admin_exemption_new"), {"is_told": "no", "kind": "negative_balance"})
    assert "Never: Negative balance" in words(browser.get(reverse("alerts:billing_admin_preferences")))
    credits_set(held(), -1)
    swept()
    assert not {email for email, _, _ in told() if email == billing_admin.email}
    one = Preference.objects.get(user=billing_admin).exemptions.get()
    browser.post(reverse("alerts:billing_admin_exemption_removal", args=[one.pk]))
    assert not Preference.objects.get(user=billing_admin).exemptions.exists()


def test_mail_to_billing_leads_to_its_own_pages(
    held: Any, billing_admin: User, mailoutbox: list[Any], settings: Any, browser_of: Callable[..., Browser]
) -> None:
    credits_set(held("render-bot"), -40)
    swept()
    assert mailed() == 2
    mine = next(one for one in mailoutbox if one.to == [billing_admin.email])
    assert settings.DASHBOARD_URL + reverse("billing:desk") in mine.body
    assert settings.DASHBOARD_URL + reverse("alerts:billing_admin_preferences") in mine.body
    link = mine.extra_headers["List-Unsubscribe"].strip("<>").removeprefix(settings.DASHBOARD_URL)
    Browser().post(link)
    assert not Preference.objects.get(user=billing_admin, workspace=None).has_mail
    log = words(browser_of(billing_admin).get(reverse("alerts:billing_admin_delivery_list")))
    assert "Owes 40 credits" in log


def test_reviewers_hear_of_critical_feedback_until_somebody_looks_and_never_what_it_says(
    product_reviewer: User, mailoutbox: list[Any], settings: Any
) -> None:
    said: dict[str, Any] = {"first_at": NOW, "last_at": NOW, "ranks_at": NOW, "agent_count": 2}
    cluster = Cluster.objects.create(title="Buy now at evil.test", said_severity=Level.CRITICAL, **said)
    Cluster.objects.create(title="A wish", said_severity=Level.HIGH, **said)
    swept()
    swept()
    assert told() == {(product_reviewer.email, "critical_feedback", "opened")}
    assert mailed() == 1
    assert f"F-{cluster.pk}" in mailoutbox[0].subject
    assert settings.DASHBOARD_URL + reverse("feedback:item", args=[cluster.pk]) in mailoutbox[0].body
    assert "evil" not in str(mailoutbox[0].message())
    Cluster.objects.filter(pk=cluster.pk).update(state="triaged")
    swept()
    assert not open_kinds("product_reviewer")
    assert (product_reviewer.email, "critical_feedback", "recovered") in told()
