"""The desk's pages: what they show, to whom, and what a press on them does."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.activity.models import Event
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.feedback.decisions import clusters_state_set
from dashboard.feedback.models import Cluster, Goodwill, Hold, Note, Place, Report, State, Suggestion, TrackerLink
from dashboard.feedback.queue import RARE, QueueFilter, queue_page
from dashboard.lib.asked import listening
from dashboard.lib.prepared import PlannedOnce
from dashboard.notify.models import OutboxMail
from tests.dashboard.feedback.conftest import Tell, pick
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
Browsers = Callable[[User | None], Browser]


def queue(browser: Browser, **query: str) -> str:
    return words(browser.get(reverse("feedback:queue"), query))


def item(browser: Browser, cluster: Cluster) -> str:
    return words(browser.get(reverse("feedback:item", args=[cluster.pk])))


def press(browser: Browser, act: str, *clusters: Cluster, **more: Any) -> Any:
    picks = [f"{one.pk}:{one.version}" for one in map(fresh, clusters)]
    return browser.post(reverse("feedback:act"), {"act": act, "pick": picks, **more}, follow=True)


def fresh(cluster: Cluster) -> Cluster:
    cluster.refresh_from_db()
    return cluster


def test_without_the_extension_the_queue_says_why_the_text_is_missing(
    tell: Tell, reviewer: User, browser_of: Browsers
) -> None:
    said = queue(browser_of(reviewer))
    assert "The text of a report cannot be read here" in said
    assert "Nothing new" in said


@pytest.mark.parametrize(("rare", "is_planned_once"), [(RARE, True), (0, False)])
def test_queue_is_planned_once_but_for_a_value_that_many_have(
    rare: int, *, is_planned_once: bool, tell: Tell, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(title="Light")
    monkeypatch.setattr("dashboard.feedback.queue.RARE", rare)
    with listening() as asked:
        queue_page(QueueFilter(surface="cli", text="light"), user=reviewer, cursor="")
    of_page = [one.sql for one in asked._questions if 'FROM "feedback_cluster"' in one.sql]
    assert [isinstance(sql, PlannedOnce) for sql in of_page] == [is_planned_once]


def test_queue_lists_the_heaviest_first_and_counts_its_views(
    tell: Tell, reviewer: User, browser_of: Browsers, operator_extension: None
) -> None:
    tell(title="Light", severity="low")
    tell(title="Heavy", severity="high", confidence="high")
    said = queue(browser_of(reviewer))
    assert said.index("Heavy") < said.index("Light")
    assert "New 2" in said


@pytest.mark.parametrize("rare", [RARE, 0], ids=["few have it", "many have it"])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"surface": "docs"}, {"Docs"}),
        ({"agent": "agt_two"}, {"Docs"}),
        ({"severity": "high"}, {"Code"}),
        ({"command": "image-skill create"}, {"Code"}),
        ({"error_code": "QUOTA_EXCEEDED"}, {"Code"}),
        ({"text": "qUOTA wal"}, {"Code"}),
        ({"text": "nothing of that"}, set()),
        ({"text": "\"'*() OR NEAR"}, set()),
        ({"view": "regressed"}, set()),
        ({"view": "no such view"}, {"Docs", "Code"}),
    ],
)
def test_facets_and_words_narrow_the_queue(
    query: dict[str, str],
    found: set[str],
    rare: int,
    tell: Tell,
    reviewer: User,
    browser_of: Browsers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dashboard.feedback.queue.RARE", rare)
    tell(title="Docs", surface=["docs"], agent_id="agt_two", severity="low")
    tell(
        title="Code",
        severity="high",
        command="image-skill create --seed 1",
        actual="QUOTA_EXCEEDED at once, as a wall",
    )
    said = queue(browser_of(reviewer), **query)
    assert {title for title in ("Docs", "Code") if f"{title} " in said.partition("Search")[2]} == found


def test_one_press_changes_all_that_was_chosen(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    browser, first, second = browser_of(reviewer), tell(), tell()
    press(browser, "state", first, second, state="accepted")
    press(browser, "assign_me", first)
    assert {fresh(one).state for one in (first, second)} == {State.ACCEPTED}
    assert fresh(first).assignee == reviewer
    assert "Seed 1" in queue(browser, view="mine")
    browser.post(reverse("feedback:undo"))
    assert fresh(first).assignee is None


def test_press_on_what_a_colleague_changed_says_so(
    tell: Tell, reviewer: User, colleague: User, browser_of: Browsers
) -> None:
    cluster = tell()
    stale = f"{cluster.pk}:{fresh(cluster).version}"
    clusters_state_set([pick(cluster)], state=State.DONE, user=colleague)
    answer = browser_of(reviewer).post(
        reverse("feedback:act"), {"act": "state", "state": "spam", "pick": stale}, follow=True
    )
    assert f"F-{cluster.pk} was not changed: Rolf changed the state meanwhile" in words(answer)
    assert fresh(cluster).state == State.DONE


@pytest.mark.parametrize(
    ("act", "more"), [("state", {}), ("state", {"state": "regressed"}), ("snooze", {}), ("boo", {})]
)
def test_press_that_makes_no_sense_changes_nothing(
    act: str, more: dict[str, str], tell: Tell, reviewer: User, browser_of: Browsers
) -> None:
    cluster = tell()
    press(browser_of(reviewer), act, cluster, **more)
    assert (fresh(cluster).state, cluster.place) == (State.NEW, Place.OPEN)


def test_return_leads_to_our_own_pages_alone(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    for where in ("https://elsewhere.test/", "//elsewhere.test", "/account/logout/", "javascript:alert(1)"):
        answer = browser_of(reviewer).post(reverse("feedback:undo"), {"next": where})
        assert answer["Location"] == reverse("feedback:queue")


def test_item_shows_what_was_said_and_who_looks_at_it(
    tell: Tell, reviewer: User, colleague: User, browser_of: Browsers, operator_extension: None
) -> None:
    cluster = tell(expected="one picture", actual="two pictures", proof_needed="- a log\n- a picture")
    browser_of(colleague).post(reverse("feedback:hold", args=[cluster.pk]))
    said = item(browser_of(reviewer), cluster)
    assert "Expected one picture" in said
    assert "Actual two pictures" in said
    assert "Rolf is looking at this" in said
    assert "Nobody has linked this agent" in said
    assert "a log" in said
    assert Hold.objects.get().user == colleague
    # Looking is no refusal, and the first keeps the place.
    browser_of(reviewer).post(reverse("feedback:hold", args=[cluster.pk]))
    assert Hold.objects.get().user == colleague


def test_evidence_is_of_the_agents_own_ledger_and_without_amounts(
    tell: Tell, linked: Claim, reviewer: User, browser_of: Browsers, outsider: User, event: Callable[..., Event]
) -> None:
    event(linked, "usage.credit_consumed", trace_id="trace_own", credits_delta=-37, summary="37 credits consumed")
    event(linked, "credits.payment_backed_granted", trace_id="trace_own", summary="Granted")
    event(linked, "job.completed", trace_id="trace_other", summary="Not cited")
    said = item(browser_of(reviewer), tell(evidence=["trace:trace_own"]))
    assert "Spent credits" in said
    assert "Credits added" not in said
    assert "37" not in said
    assert "Job ended" not in said
    # Another agent that cites the same trace finds nothing of it.
    assert "Spent credits" not in item(browser_of(reviewer), tell(agent_id="agt_thief", evidence=["trace:trace_own"]))


def test_private_item_is_not_there_but_for_security(
    tell: Tell, reviewer: User, security: User, browser_of: Browsers
) -> None:
    cluster = tell(title="Tokens leak")
    press(browser_of(reviewer), "state", cluster, state="private")
    browser = browser_of(reviewer)
    assert browser.get(reverse("feedback:item", args=[cluster.pk])).status_code == 404
    assert "Tokens leak" not in queue(browser, view="private") + queue(browser, text="tokens") + queue(browser)
    assert b"Tokens leak" not in b"".join(
        browser.post(reverse("feedback:export") + "?view=private", {"kind": "csv"}).streaming_content
    )
    assert "Tokens leak" in queue(browser_of(security), view="private")
    assert "Tokens leak" in item(browser_of(security), cluster)


def test_sponsor_reads_the_fate_of_their_own_agents_reports(
    tell: Tell, linked: Claim, workspace: Workspace, viewer: User, reviewer: User, browser_of: Browsers
) -> None:
    cluster = tell(title="Seed is ignored")
    tell(title="Of a stranger", agent_id="agt_stranger")
    private = tell(title="Looked at in private")
    clusters_state_set([pick(cluster)], state=State.ACCEPTED, user=reviewer)
    clusters_state_set([pick(private)], state=State.PRIVATE, user=reviewer)
    said = words(browser_of(viewer).get(reverse("feedback:own_list", args=[workspace.key])))
    assert "Seed is ignored Accepted" in said
    assert "render-bot" in said
    assert "Of a stranger" not in said
    assert "Looked at in private" not in said


def test_notes_proofs_links_and_goodwill_are_kept_with_their_history(
    tell: Tell, linked: Claim, reviewer: User, billing_admin: User, browser_of: Browsers
) -> None:
    cluster, browser = tell(proof_needed="a log; a picture"), browser_of(reviewer)

    def send(name: str, **said: Any) -> str:
        return words(browser.post(reverse(f"feedback:{name}", args=[cluster.pk]), said, follow=True))

    send("note", **{"note-text": "Looks real."})
    send("proof", proof=cluster.proofs.order_by("pk")[0].pk, is_done="on")
    assert "Only https addresses" in send("tracker", **{"tracker-url": "https://evil.test/1"})
    assert "Only https addresses" in send("tracker", **{"tracker-url": "javascript://github.com/%0aalert(1)"})
    send("tracker", **{"tracker-url": "https://github.com/acme/skill/issues/7"})
    send("goodwill", **{"goodwill-workspace": linked.workspace_id, "goodwill-text": "Ten failed jobs."})
    assert "looks like a token" in send("note", **{"note-text": "isk_r_abcdefghijkl"})
    assert Note.objects.get().text == "Looks real."
    assert fresh(cluster).proofs_open == 1
    assert TrackerLink.objects.get().url.endswith("/7")
    assert OutboxMail.objects.get().to == billing_admin.email
    kinds = list(cluster.changes.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["arrived", "noted", "proof", "tracked", "goodwill"]

    desk = browser_of(billing_admin)
    assert "Ten failed jobs." in words(desk.get(reverse("feedback:goodwill_list")))
    desk.post(reverse("feedback:goodwill_settled", args=[Goodwill.objects.get().pk]))
    assert Goodwill.objects.get().settled_by == billing_admin


def test_erased_text_is_gone_from_everywhere(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    cluster, browser = tell(title="Zanzibar", body="Zanzibar body"), browser_of(reviewer)
    report = cluster.reports.get()
    said = {"erase-report": report.remote_id, "erase-why": "asked by its sponsor"}
    browser.post(reverse("feedback:erase", args=[cluster.pk]), said)
    assert (
        "Zanzibar" not in item(browser, cluster) + queue(browser) + queue(browser, text="zanzibar").partition("re")[0]
    )
    assert not Report.objects.filter(body__contains="Zanzibar").exists()
    assert Cluster.objects.get().keys.filter(name="word").count() == 0
    assert cluster.changes.latest("pk").why == "asked by its sponsor"


def test_muted_source_is_kept_and_counts_nowhere(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    loud, browser = tell(title="Loud", agent_id="agt_loud"), browser_of(reviewer)
    browser.post(reverse("feedback:sources"), {"agent": "agt_loud", "act": "mute", "why": "floods"})
    tell(title="Loud again", agent_id="agt_loud")
    assert "Loud" not in queue(browser)
    assert "Loud again" in queue(browser, view="muted")
    browser.post(reverse("feedback:sources"), {"agent": "agt_loud", "act": "hear"})
    assert fresh(loud).place == Place.OPEN
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")[:2]] == [
        "platform_role.granted",
        "feedback.muted",
    ]


def test_suggestions_are_merged_and_refused_in_bulk(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    clusters = [tell(agent_id=f"agt_{number}") for number in range(5)]
    for cluster in clusters[1:]:
        Suggestion.objects.create(
            cluster=cluster, like=clusters[0], score=90, reasons=["title"], made_at=timezone.now()
        )
    browser, pairs = browser_of(reviewer), list(Suggestion.objects.order_by("pk").values_list("pk", flat=True))
    assert "Alike" in words(browser.get(reverse("feedback:suggestions")))
    browser.post(reverse("feedback:suggestions"), {"act": "merge", "suggestion": pairs[:3]})
    browser.post(reverse("feedback:suggestions"), {"act": "refuse", "suggestion": pairs[3:]})
    assert fresh(clusters[0]).report_count == 4
    assert not Suggestion.objects.filter(verdict="open").exists()


def test_exports_are_audited_files(tell: Tell, reviewer: User, browser_of: Browsers) -> None:
    cluster, browser = tell(title="=HYPERLINK(0)"), browser_of(reviewer)
    lines = b"".join(browser.post(reverse("feedback:export"), {"kind": "csv"}).streaming_content).decode()
    assert re.search(r"F-\d+,'=HYPERLINK", lines)
    text = browser.post(reverse("feedback:issue_text", args=[cluster.pk]))
    assert text["Content-Type"] == "text/markdown; charset=utf-8"
    kinds = AuditEntry.objects.filter(action="feedback.exported").order_by("pk").values_list("after__kind", flat=True)
    assert list(kinds) == ["csv", "markdown"]
