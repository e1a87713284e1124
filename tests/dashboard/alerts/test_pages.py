"""The pages of alerts: what holds and what is over, what a person chose, what was sent."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.members import member_remove
from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim
from dashboard.alerts.models import Alert, Delivery, Exemption, Preference
from dashboard.alerts.retention import ALERTS_KEPT, DELIVERIES_KEPT, alerts_prune
from dashboard.alerts.selectors import OPEN_SHOWN
from dashboard.audit.models import AuditEntry
from tests.dashboard.alerts.conftest import credits_set, mailed, swept
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
CHOICE = {"preset": "quiet", "has_mail": "on", "rhythm": "hourly", "digest_hour": "9"}


@pytest.fixture
def address(workspace: Workspace) -> Callable[..., str]:
    return lambda name, *args: reverse(f"alerts:{name}", args=[workspace.key, *args])


@pytest.fixture
def olga(browser_of: Callable[..., Browser], owner: User) -> Browser:
    return browser_of(owner)


def test_page_says_what_holds_and_what_is_over(held: Any, olga: Browser, address: Any) -> None:
    assert "Nothing has asked for attention yet" in words(olga.get(address("alert_list")))
    claim = held("render-bot")
    held("calm-bot")
    credits_set(claim, 15)
    swept()
    said = words(olga.get(address("alert_list")))
    assert "Now render-bot 15 credits left. Low balance" in said
    assert "calm-bot" not in said
    credits_set(claim, 500)
    swept()
    said = words(olga.get(address("alert_list")))
    assert "Nothing holds now." in said
    assert "Recovered" in said


def test_agent_that_spends_too_much_can_be_stopped_beside_what_is_said_of_it(
    held: Any, address: Any, owner: User, viewer: User, browser_of: Callable[..., Browser], workspace: Workspace
) -> None:
    now = workspace.created_at
    of_each = {kind: held(kind) for kind in ("runway", "spend_spike", "guardrail", "low_balance")}
    figures = {"days": 2, "today": 900, "usual": 20, "credits_per_day": 500, "figure": 510, "is_hard": 1, "credits": 3}
    for kind, claim in of_each.items():
        Alert.objects.create(
            audience="workspace", workspace=workspace, agent=claim.agent, kind=kind, subject_id=kind, level=1,
            figures=figures, opened_at=now, crossed_at=now,
        )  # fmt: skip

    def stops(user: User) -> set[str]:
        page = browser_of(user).get(address("alert_list")).content.decode()
        urls = {
            kind: reverse("agents:stop", args=[workspace.key, one.agent.remote_id]) for kind, one in of_each.items()
        }
        return {kind for kind, url in urls.items() if url in page}

    assert stops(owner) == {"runway", "spend_spike", "guardrail"}
    assert stops(viewer) == set()
    Claim.objects.filter(pk=of_each["runway"].pk).update(stopped_at=now)
    Claim.objects.filter(pk=of_each["guardrail"].pk).update(released_at=now)
    assert stops(owner) == {"spend_spike"}


def test_names_are_inert_on_the_page(held: Any, olga: Browser, address: Any) -> None:
    credits_set(held(HOSTILE), 0)
    swept()
    assert "<script>alert" not in olga.get(address("alert_list")).content.decode()
    assert "<script>alert" not in olga.get(address("delivery_list")).content.decode()


def test_pages_of_alerts_ask_as_often_for_many_rows(
    held: Any, olga: Browser, address: Any, django_assert_max_num_queries: Any
) -> None:
    for round_ in range(2):
        for number in range(4 + 40 * round_):
            credits_set(held(f"agent-{round_}-{number}"), 0)
        swept()
        mailed()
        Agent.objects.filter(name__endswith="1").update(paid_credits=500)
        swept()
        for name in ("alert_list", "delivery_list", "preferences"):
            with django_assert_max_num_queries(9):
                assert olga.get(address(name)).status_code == 200


def test_person_chooses_what_they_are_told(olga: Browser, address: Any, owner: User, workspace: Workspace) -> None:
    answer = olga.post(address("preferences"), {**CHOICE, "quiet_from": "22:00", "quiet_until": "07:00"})
    assert answer.status_code == 302
    kept = Preference.objects.get(user=owner, workspace=workspace)
    assert (kept.preset, kept.rhythm, kept.digest_hour) == ("quiet", "hourly", 9)
    assert (kept.quiet_from, kept.quiet_until) == (time(22), time(7))
    entry = AuditEntry.objects.get(action="alerts.chosen")
    assert (entry.before["preset"], entry.after["preset"]) == ("balanced", "quiet")
    assert "checked" in olga.get(address("preferences")).content.decode()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"quiet_from": "22:00"}, "need a beginning and an end"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "there would be none"),
        ({"preset": "loud"}, "loud"),
        ({"digest_hour": "24"}, "24"),
    ],
)
def test_nonsense_is_refused_with_a_word(olga: Browser, address: Any, more: dict[str, str], said: str) -> None:
    answer = olga.post(address("preferences"), {**CHOICE, **more})
    assert answer.status_code == 422
    assert said in words(answer)
    assert not Preference.objects.exclude(chosen_at=None).exists()


def test_change_of_rhythm_moves_what_waits(held: Any, chosen: Any, olga: Browser, address: Any) -> None:
    chosen(rhythm="daily")
    credits_set(held(), 0)
    swept()
    assert mailed() == 0
    olga.post(address("preferences"), {**CHOICE, "rhythm": "at_once"})
    assert mailed() == 1


def test_exception_is_added_turned_round_and_removed(
    held: Any, olga: Browser, address: Any, owner: User, workspace: Workspace
) -> None:
    held("Render-Bot")
    fields = {"is_told": "no", "kind": "low_balance", "agent": "render-bot"}
    olga.post(address("exemption_new"), fields)
    olga.post(address("exemption_new"), {**fields, "is_told": "yes"})
    one = Exemption.objects.get()
    assert (one.kind, one.agent.name if one.agent else "", one.is_told) == ("low_balance", "Render-Bot", True)
    assert "Always: Low balance of Render-Bot" in words(olga.get(address("preferences")))
    olga.post(address("exemption_removal", one.pk))
    assert not Exemption.objects.exists()
    actions = AuditEntry.objects.filter(action__startswith="alerts.exception").values_list("action", flat=True)
    assert sorted(actions) == ["alerts.exception_added"] * 2 + ["alerts.exception_removed"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"is_told": "no", "kind": "", "agent": ""}, "Choose a kind, an agent, or both."),
        ({"is_told": "no", "kind": "", "agent": "nobody"}, "No agent of this workspace"),
        ({"is_told": "no", "kind": "", "agent": "twin"}, "Several agents"),
        ({"is_told": "no", "kind": "weather", "agent": ""}, "weather"),
    ],
)
def test_exception_about_nothing_is_refused(
    held: Any, olga: Browser, address: Any, fields: dict[str, str], said: str
) -> None:
    held("twin")
    held("twin")
    answer = olga.post(address("exemption_new"), fields)
    assert answer.status_code == 422
    assert said in words(answer)


@pytest.mark.parametrize(
    ("person", "offered"),
    [
        ("owner", {"hand_off", "purchase_stuck", "claim_request"}),
        ("buyer", {"hand_off", "purchase_stuck"}),
        ("viewer", set()),
    ],
)
def test_exceptions_are_offered_of_what_the_role_is_told(
    browser_of: Callable[..., Browser], address: Any, request: pytest.FixtureRequest, person: str, offered: set[str]
) -> None:
    browser = browser_of(request.getfixturevalue(person))
    form = browser.get(address("preferences")).context["exemption_form"]
    choices = {name for name, _ in form.fields["kind"].choices}
    assert "low_balance" in choices
    assert choices & {"hand_off", "purchase_stuck", "claim_request"} == offered
    answer = browser.post(address("exemption_new"), {"is_told": "yes", "kind": "claim_request", "agent": ""})
    assert answer.status_code == (302 if "claim_request" in offered else 422)


def test_exception_of_somebody_else_is_not_there(
    chosen: Any, browser_of: Callable[..., Browser], address: Any, viewer: User, outsider: User
) -> None:
    one = Exemption.objects.create(preference=chosen(), kind="low_balance", is_told=False)
    assert browser_of(viewer).post(address("exemption_removal", one.pk)).status_code == 404
    assert browser_of(outsider).post(address("exemption_removal", one.pk)).status_code == 404
    assert Exemption.objects.exists()


def test_agent_of_another_workspace_cannot_be_named(held: Any, olga: Browser, address: Any, outsider: User) -> None:
    held("their-bot", into=outsider.memberships.get().workspace)
    answer = olga.post(address("exemption_new"), {"is_told": "no", "kind": "", "agent": "their-bot"})
    assert "No agent of this workspace" in words(answer)


def test_owner_sees_and_ends_what_somebody_left_behind(
    chosen: Any, olga: Browser, address: Any, owner: User, buyer: User, workspace: Workspace
) -> None:
    left = chosen(buyer, "buyer", preset="everything")
    assert "Left behind" not in words(olga.get(address("preferences")))
    member_remove(workspace=workspace, user=buyer, actor=owner)
    assert "Boris , once buyer: Everything" in words(olga.get(address("preferences")))
    olga.post(address("inheritance_removal", left.pk))
    assert not Preference.objects.filter(user=buyer).exists()
    assert AuditEntry.objects.filter(action="alerts.inheritance_ended").exists()
    mine = chosen()
    assert olga.post(address("inheritance_removal", mine.pk)).status_code == 404


def test_members_see_their_own_mails_and_owners_all(
    held: Any, chosen: Any, browser_of: Callable[..., Browser], address: Any, owner: User, buyer: User, viewer: User
) -> None:
    chosen(buyer, "buyer", preset="everything", has_mail=True)
    credits_set(held(), 0)
    swept()
    assert {buyer.email, owner.email} <= set(words(browser_of(owner).get(address("delivery_list"))).split())
    assert owner.email not in words(browser_of(buyer).get(address("delivery_list")))
    assert "What was sent will appear here" in words(browser_of(viewer).get(address("delivery_list")))
    theirs = Delivery.objects.get(user=owner)
    Delivery.objects.update(state="given_up")
    assert browser_of(buyer).post(address("delivery_again", theirs.pk)).status_code == 404


def test_alert_for_another_person_is_not_shown(
    browser_of: Callable[..., Browser], address: Any, owner: User, buyer: User, workspace: Workspace
) -> None:
    now = workspace.created_at
    Alert.objects.create(
        audience="workspace", workspace=workspace, user=owner, kind="claim_request", subject_id="1", level=1,
        subject_label="asking-bot", opened_at=now, crossed_at=now,
    )  # fmt: skip
    assert "asking-bot" in words(browser_of(owner).get(address("alert_list")))
    assert "asking-bot" not in words(browser_of(buyer).get(address("alert_list")))


def test_history_is_paged(held: Any, olga: Browser, address: Any) -> None:
    for number in range(60):
        credits_set(held(f"agent-{number:02}"), 0)
    swept()
    Agent.objects.update(paid_credits=500)
    swept()
    first = olga.get(address("alert_list"))
    older = first.context["page"].older
    assert len(first.context["page"].rows) == 50
    assert len(olga.get(address("alert_list"), {"page": older}).context["page"].rows) == 10


def test_more_than_a_page_holds_is_counted_and_the_gravest_are_shown(
    held: Any, olga: Browser, address: Any, workspace: Workspace
) -> None:
    now = workspace.created_at
    claim = held()
    grave, mild = {"kind": "token_stopped", "crossed_at": now}, {"kind": "known_gap", "crossed_at": now + timedelta(1)}
    of = {"audience": "workspace", "workspace": workspace, "agent": claim.agent, "level": 1, "opened_at": now}
    Alert.objects.create(**of, **grave, subject_id="grave", subject_label="grave-bot")
    for number in range(OPEN_SHOWN - 1):
        Alert.objects.create(**of, **mild, subject_id=str(number))
    page = olga.get(address("alert_list"))
    assert "The gravest" not in words(page)
    for number in range(1_000):
        Alert.objects.create(**of, **mild, subject_id=f"more-{number}")
    page = olga.get(address("alert_list"))
    assert f"The gravest {OPEN_SHOWN} of 1,200. The others come up as these end." in words(page)
    assert page.context["open"].said[0].label == "grave-bot"


def test_what_is_long_over_is_forgotten(held: Any) -> None:
    claim = held()
    credits_set(claim, 0)
    swept()
    mailed()
    mailed()
    ended = Alert.objects.get().opened_at
    Delivery.objects.filter(state="sent").update(ended_at=ended - DELIVERIES_KEPT - timedelta(days=1))
    # It lasts: who is to hear of its end stands in what was sent.
    assert alerts_prune() == 0
    credits_set(claim, 500)
    swept()
    assert Delivery.objects.filter(crossing__change="recovered").exists()
    alerts_prune()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"waiting"}
    Alert.objects.update(ended_at=ended - ALERTS_KEPT - timedelta(days=1))
    alerts_prune()
    assert not Alert.objects.exists()


def test_overview_leads_to_what_no_row_of_it_says(held: Any, olga: Browser, workspace: Workspace) -> None:
    claim = held()
    overview = reverse("web:overview", args=[workspace.key])
    assert "about payments" not in words(olga.get(overview))
    now = workspace.created_at
    for number, kind in enumerate(("purchase_stuck", "dispute", "low_balance")):
        Alert.objects.create(
            audience="workspace", workspace=workspace, agent=claim.agent, kind=kind, subject_id=str(number), level=1,
            opened_at=now, crossed_at=now,
        )  # fmt: skip
    assert "2 alerts about payments or spending." in words(olga.get(overview))
    Alert.objects.update(ended_at=now)
    assert "about payments" not in words(olga.get(overview))
