"""The audit log page: an owner's own workspace, an operator's everything; its file holds the page's rows."""

import ast
import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import attempt_present, attempt_start
from dashboard.agents.inquiry import ClaimRefusal
from dashboard.agents.models import Claim
from dashboard.agents.services import ConsentRefused, claim_confirm, claim_release
from dashboard.audit.models import AuditEntry
from dashboard.audit.services import audit_record
from dashboard.lib.export import BYTE_ORDER_MARK, cell_text
from dashboard.lib.glossary import GLOSSARY
from tests.dashboard.web.pages import HOSTILE, words

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.django_db


@pytest.fixture
def page(workspace: Workspace, owner: User, browser_of: Callable[[User], Browser]) -> Callable[..., str]:
    """Return a function that opens the owner's log with a filter and returns its words."""
    browser = browser_of(owner)
    address = reverse("web:audit_log", args=[workspace.key])
    return lambda **asked: words(browser.get(address, asked))


def wrote(workspace: Workspace | None, actor: User | None = None, **more: Any) -> AuditEntry:
    kept = {"action": "agent.claimed", "subject": ("agent", "agt_1", "render-bot"), **more}
    return audit_record(actor=actor, workspace_id=workspace.pk if workspace else None, **kept)


def export(browser: Browser, address: str, kind: str) -> str:
    answer = browser.post(address, {"kind": kind})
    assert isinstance(answer, StreamingHttpResponse), answer.status_code
    assert answer["Content-Disposition"].startswith('attachment; filename="audit-')
    assert "no-store" in answer["Cache-Control"]
    return b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]


def read_csv(text: str) -> list[dict[str, str]]:
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def test_claim_and_its_refusal_are_told_with_before_and_after(
    agent: Any, workspace: Workspace, owner: User, page: Callable[..., str], make_claim: Callable[..., Claim]
) -> None:
    attempt, code = attempt_start(workspace=workspace, user=owner)
    attempt_present(code=code, token=agent.token)
    attempt.refresh_from_db()
    with pytest.raises(ConsentRefused):
        claim_confirm(attempt=attempt, user=owner, phrase="NOTIT2", warn_credits_per_day=None)
    claim_release(claim=make_claim(agent, workspace, owner), user=owner)
    said = page()
    assert "Claim not taken Refused olga@example.com render-bot wrong phrase" in said
    assert "Linked an agent olga@example.com render-bot" in said
    assert re.search(r"Unclaimed an agent .*? Linked before: yes → after: no", said)
    refused = page(outcome="refused")
    assert "1 entry" in refused
    assert "Linked an agent olga@example.com" not in refused


def test_two_ceremonies_that_meet_leave_the_later_one_in_the_log(
    agent: Any, workspace: Workspace, owner: User, outsider: User, make_claim: Callable[..., Claim]
) -> None:
    attempt, code = attempt_start(workspace=workspace, user=owner)
    phrase = attempt_present(code=code, token=agent.token).phrase
    attempt.refresh_from_db()
    make_claim(agent, outsider.memberships.get().workspace, outsider)
    with pytest.raises(ConsentRefused, match="is claimed already"):
        claim_confirm(attempt=attempt, user=owner, phrase=phrase or "", warn_credits_per_day=None)
    entry = AuditEntry.objects.get(action="claim.refused")
    assert (entry.workspace_id, entry.outcome, entry.reason) == (workspace.pk, "refused", "is claimed already")


def test_answers_of_agents_that_were_not_taken_are_in_the_log_of_whose_code_it_was(
    agent: Any, workspace: Workspace, owner: User, outsider: User, make_claim: Callable[..., Claim]
) -> None:
    make_claim(agent, outsider.memberships.get().workspace, outsider)
    _, code = attempt_start(workspace=workspace, user=owner)
    for token in ("isk_r_not_a_token_of_anybody", agent.token):
        with pytest.raises(ClaimRefusal):
            attempt_present(code=code, token=token)
    entries = AuditEntry.objects.filter(action="claim.refused", workspace_id=workspace.pk).order_by("pk")
    assert list(entries.values_list("outcome", "actor_label", "reason", "after")) == [
        ("refused", "the agent", "Image Skill does not accept the token", {}),
        ("refused", "the agent", "is claimed already", {"agent": agent.remote_id}),
    ]


def test_owner_sees_the_own_workspace_alone_and_an_operator_everything(
    workspace: Workspace, owner: User, outsider: User, operator: User, browser_of: Callable[..., Browser]
) -> None:
    wrote(workspace, owner, subject=("agent", "agt_1", "mine"))
    wrote(outsider.memberships.get().workspace, outsider, subject=("agent", "agt_2", "theirs"))
    own = words(browser_of(owner).get(reverse("web:audit_log", args=[workspace.key])))
    everything = words(browser_of(operator).get(reverse("web:audit_log_all")))
    assert "mine" in own
    assert "theirs" not in own
    assert "otto@example.org" not in own
    assert "mine" in everything
    assert "theirs" in everything
    assert "Otto's workspace" in everything


def test_filter_stands_in_the_address_and_pages_keep_it(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    for number in range(60):
        wrote(workspace, owner, subject=("agent", f"agt_{number}", f"bot-{number}"))
    browser, address = browser_of(owner), reverse("web:audit_log", args=[workspace.key])
    first = browser.get(address, {"action": "agent.claimed"})
    assert "60 entries" in words(first)
    older = re.search(r'href="(\?[^"]*)"\s+rel="next"', first.content.decode())
    assert older
    second = browser.get(address + older[1].replace("&amp;", "&"))
    seen = [re.findall(r'id="entry-(\d+)"', answer.content.decode()) for answer in (first, second)]
    assert [len(ids) for ids in seen] == [50, 10]
    assert sorted(map(int, seen[0] + seen[1])) == sorted(
        AuditEntry.objects.filter(action="agent.claimed").values_list("pk", flat=True)
    )


@pytest.mark.parametrize("asked", [{}, {"action": "agent.claimed"}, {"person": "olga", "outcome": "refused"}])
def test_file_holds_the_rows_of_all_pages_of_the_filter(
    asked: dict[str, str], workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    for number in range(700):
        wrote(workspace, owner if number % 2 else None, refused="no" if number % 3 else "", before={"row": number})
    browser, query = browser_of(owner), "&".join(f"{name}={value}" for name, value in asked.items())
    said = re.search(r"(\d+) entr(y|ies)", words(browser.get(f"/w/{workspace.key}/audit/?{query}")))
    expected = AuditEntry.objects.filter(workspace_id=workspace.pk)
    expected = expected.filter(action="agent.claimed") if "action" in asked else expected
    expected = expected.filter(actor_label=owner.email, outcome="refused") if "person" in asked else expected
    ids = list(expected.order_by("-at", "-pk").values_list("pk", flat=True))
    assert said
    assert int(said[1]) == len(ids)
    address = f"/w/{workspace.key}/audit/export/?{query}"
    assert [int(row["id"]) for row in read_csv(export(browser, address, "csv"))] == ids
    lines = [json.loads(line) for line in export(browser, address, "jsonl").splitlines()]
    assert [line["id"] for line in lines if line["action"] != "audit.exported"] == ids


def test_export_is_in_the_log_with_its_filter_before_the_first_line_leaves(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    answer = browser_of(owner).post(
        f"/w/{workspace.key}/audit/export/?outcome=refused&since=2026-03-01", {"kind": "csv"}
    )
    entry = AuditEntry.objects.get(action="audit.exported")
    assert (entry.actor_id, entry.workspace_id, entry.subject_label) == (owner.pk, workspace.pk, workspace.name)
    assert entry.after == {
        "format": "csv",
        "filter": {"outcome": "refused", "since": "2026-03-01T00:00:00+00:00"},
    }
    assert b"audit.exported" not in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_export_costs_the_same_few_rows_of_memory_however_long_it_is(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser], django_assert_num_queries: Any
) -> None:
    for _ in range(1_200):
        wrote(workspace, owner)
    answer = browser_of(owner).post(f"/w/{workspace.key}/audit/export/?action=agent.claimed", {"kind": "csv"})
    # A first batch that comes soon, then three of at most 500 rows.
    with django_assert_num_queries(4):
        assert sum(1 for _ in answer.streaming_content) == 1_201  # type: ignore[attr-defined]


@pytest.mark.parametrize("posted", [{}, {"kind": "xlsx"}])
def test_export_of_nothing_that_we_know_leads_back_to_the_page(
    posted: dict[str, str], workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    answer = browser_of(owner).post(f"/w/{workspace.key}/audit/export/?person=olga", posted)
    assert answer["Location"] == f"/w/{workspace.key}/audit/?person=olga"
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


def test_filter_that_cannot_be_read_shows_no_rows_and_exports_none(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser], page: Callable[..., str]
) -> None:
    wrote(workspace, owner)
    assert "Enter a valid date" in page(since="soon")
    assert "render-bot" not in page(since="soon")
    answer = browser_of(owner).post(f"/w/{workspace.key}/audit/export/?since=soon", {"kind": "csv"})
    assert answer["Location"] == f"/w/{workspace.key}/audit/?since=soon"


def test_days_are_the_viewers(workspace: Workspace, owner: User, page: Callable[..., str], time_machine: Any) -> None:
    time_machine.move_to("2026-03-01T13:00:00Z", tick=False)
    wrote(workspace, owner)
    owner.time_zone = "Pacific/Auckland"
    owner.save()
    assert "1 entry" in page(since="2026-03-02", action="agent.claimed")
    assert "No entry fits this filter" in page(until="2026-03-01", action="agent.claimed")
    assert "Monday, 2 March 2026" in page(action="agent.claimed")


def test_what_strangers_wrote_is_text_on_the_page_and_in_the_file(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    formula = '=HYPERLINK("http://x.test")'
    wrote(workspace, owner, subject=("agent", "agt_1", HOSTILE), before={HOSTILE: HOSTILE}, refused=formula)
    browser = browser_of(owner)
    answer = browser.get(f"/w/{workspace.key}/audit/?outcome=refused")
    assert b"<script>alert" not in answer.content
    (row,) = read_csv(export(browser, f"/w/{workspace.key}/audit/export/?outcome=refused", "csv"))
    assert row["reason"] == cell_text(formula) == f"'{formula}"
    assert row["subject"] == HOSTILE


def test_no_token_code_or_phrase_is_on_the_page_or_in_a_file(
    agent: Any, workspace: Workspace, owner: User, operator: User, browser_of: Callable[..., Browser]
) -> None:
    attempt, code = attempt_start(workspace=workspace, user=owner)
    phrase = attempt_present(code=code, token=agent.token).phrase or ""
    attempt.refresh_from_db()
    with pytest.raises(ClaimRefusal):
        attempt_present(code=code, token="isk_r_another_planted_token")
    claim = claim_confirm(attempt=attempt, user=owner, phrase=phrase, warn_credits_per_day=100)
    sealed = claim.token_sealed
    claim_release(claim=claim, user=owner)
    shown = [browser_of(owner).get(f"/w/{workspace.key}/audit/").content.decode()]
    shown += [browser_of(operator).get("/audit/").content.decode()]
    shown += [export(browser_of(operator), "/audit/export/", kind) for kind in ("csv", "jsonl")]
    for secret in (agent.token, code, phrase, sealed, attempt.code_hash, attempt.phrase_hash, "another_planted"):
        assert not any(secret in text for text in shown), "a secret is in the log"


def test_every_action_that_the_code_writes_has_its_word() -> None:
    """The literals of each call that writes an entry, and of each variable named `action`."""
    written: set[str] = set()
    for path in (ROOT / "dashboard").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_call = isinstance(node, ast.Call) and "audit" in ast.unparse(node.func)
            is_name = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "action"
            if is_call or is_name:
                texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                written |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", text)}
    assert {"agent.claimed", "agent.relinked", "membership.added", "audit.exported"} <= written
    assert written <= set(GLOSSARY["audit_action"])


def test_raw_action_stands_behind_its_word(
    workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    wrote(workspace, owner, action="thing.of_tomorrow")
    text = browser_of(owner).get(f"/w/{workspace.key}/audit/").content.decode()
    assert '<bdi title="membership.added">Added a member</bdi>' in text
    assert '<bdi title="thing.of_tomorrow">thing.of_tomorrow</bdi>' in text


def test_agent_page_leads_its_owner_to_what_was_done_to_this_agent(
    link: Callable[..., Claim], workspace: Workspace, owner: User, viewer: User, browser_of: Callable[..., Browser]
) -> None:
    agent, other = link("render-bot").agent, link("other-bot").agent
    for one in (agent, other):
        subject = ("agent", one.remote_id, one.name)
        audit_record(action="agent.claimed", actor=owner, workspace_id=workspace.pk, subject=subject)
    page = reverse("web:agent_detail", args=[workspace.key, agent.remote_id])
    log = f"{reverse('web:audit_log', args=[workspace.key])}?subject={agent.remote_id}"
    assert f'href="{log}"' in browser_of(owner).get(page).content.decode()
    assert log not in browser_of(viewer).get(page).content.decode()
    assert [one.subject_id for one in browser_of(owner).get(log).context["page"].rows] == [agent.remote_id]
