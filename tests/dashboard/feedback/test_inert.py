"""150 hostile texts come in by every field and are inert wherever they come out: pages, mail, CSV, Markdown."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Claim
from dashboard.feedback.arrival import BODY_LIMIT, TEXT_LIMIT
from dashboard.feedback.inert import inert, inert_line, instructs
from dashboard.feedback.issue_text import fenced
from dashboard.feedback.models import Cluster, Report, State
from dashboard.feedback.telling import tellings_send
from dashboard.lib.export import FORMULA_STARTS
from dashboard.notify.models import OutboxMail
from tests.dashboard.feedback.conftest import take_in, told
from tests.dashboard.feedback.hostile import CORPUS, INSTRUCTING, SECRETS

HIDDEN = frozenset({"Cf", "Cs", "Co", "Cn"})
FIELDS = ("title", "body", "command", "expected", "actual", "friction", "proof_needed", "strategic_reason")
WORDS = ("type", "severity", "confidence", "next_state", "dedupe_key", "source", "trace_id")
ALLOWED_ATTRIBUTES = re.compile(r"on\w+", re.IGNORECASE)


def leaks(text: str) -> list[str]:
    """Return the secrets that a text still holds, however they are written."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    wanted = ["".join(one for one in secret if unicodedata.category(one) != "Cf") for secret in SECRETS]
    return [secret for secret in wanted if secret in plain]


def hidden(text: str) -> list[str]:
    return [f"U+{ord(one):04X}" for one in text if unicodedata.category(one) in HIDDEN or one in "\x00\x08\x1b\x7f"]


def test_corpus_is_as_large_as_it_says() -> None:
    assert len(set(CORPUS)) >= 150


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_text_is_inert_on_arrival(number: int) -> None:
    found = inert(CORPUS[number], limit=4_000)
    assert hidden(found.text) == []
    assert leaks(found.text) == []
    assert len(found.text) <= 8_000
    assert inert(found.text, limit=8_000).text == found.text
    assert "\n" not in inert_line(CORPUS[number], limit=200).text


@pytest.mark.parametrize("text", INSTRUCTING)
def test_attempt_to_be_obeyed_is_named(text: str) -> None:
    assert instructs(text)


@pytest.mark.parametrize(
    "text",
    [
        "Seed is ignored: two creates with one seed gave two pictures.",
        "The docs should say that the reviewer of a pull request sees the token count.",
        "I ran image-skill create --seed 7 and the answer was PROVIDER_FAILURE.",
        "System messages of the client are hard to read; please show the trace id.",
    ],
)
def test_honest_report_is_not_called_names(text: str) -> None:
    assert instructs(text) == ()


class Strict(HTMLParser):
    """Reads a page as a browser does, and keeps what an injection would need."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if ALLOWED_ATTRIBUTES.fullmatch(name) or name in {"style", "srcdoc"}:
                self.bad.append(f"{tag} {name}")
            where = (value or "").partition("?")[0]
            if name in {"href", "src", "action", "formaction"} and ("evil" in where or "javascript:" in where):
                self.bad.append(f"{tag} {name}={value}")


def page_faults(html: str) -> list[str]:
    parser = Strict()
    parser.feed(html)
    strange = set(parser.tags) & {"iframe", "object", "embed", "base", "math", "style", "video"}
    inline = [tag for tag in re.findall(r"<script[^>]*>", html) if "src=" not in tag]
    return [*parser.bad, *strange, *inline, *leaks(html), *hidden(html.replace("\u2068", "").replace("\u2069", ""))]


@pytest.fixture
def hostile(workspace: Workspace, linked: Claim) -> list[Cluster]:
    """Every text of the corpus as a title, and with its neighbours in the other fields: of an agent that is linked."""
    texts = [text.encode("utf-8", "replace").decode() for text in CORPUS]
    records = []
    for number in range(len(texts)):
        near = [texts[(number + step) % len(texts)] for step in range(len(FIELDS))]
        said = dict(zip(FIELDS, near, strict=True)) | {name: near[0][:150] for name in WORDS if name != "dedupe_key"}
        records.append(told(number, **said, surface=[near[0][:150]], evidence=[near[0][:290]]))
    assert take_in(*records) == len(CORPUS)
    return list(Cluster.objects.order_by("pk"))


@pytest.mark.django_db
def test_hostile_reports_are_inert_on_every_page(
    hostile: list[Cluster], reviewer: User, owner: User, workspace: Workspace, browser_of: object
) -> None:
    desk, sponsor = browsers(browser_of, reviewer, owner)
    for address in paged(desk, reverse("feedback:queue") + "?view=new"):
        assert page_faults(desk.get(address).content.decode()) == [], address
    # Each shows as many texts as a report has fields, so these show the whole corpus.
    for cluster in hostile[:: len(FIELDS)]:
        answer = desk.get(reverse("feedback:item", args=[cluster.pk]))
        assert answer.status_code == 200
        assert page_faults(answer.content.decode()) == [], cluster
    for address in paged(sponsor, reverse("feedback:own_list", args=[workspace.key])):
        assert page_faults(sponsor.get(address).content.decode()) == [], address


@pytest.mark.django_db
def test_hostile_reports_are_inert_in_files_and_mails(
    hostile: list[Cluster], reviewer: User, owner: User, browser_of: object
) -> None:
    desk, _ = browsers(browser_of, reviewer, owner)
    lines = b"".join(desk.post(reverse("feedback:export") + "?view=open", {"kind": "csv"}).streaming_content).decode()
    rows = list(csv.reader(io.StringIO(lines.removeprefix("\ufeff"))))
    assert len(rows) == len(hostile) + 1
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [cell for row in rows for cell in row if cell.startswith(FORMULA_STARTS)] == []
    assert leaks(lines) == []
    for cluster in hostile[::5]:
        text = desk.post(reverse("feedback:issue_text", args=[cluster.pk])).content.decode()
        assert "evil.test" not in outside_fences(text)
        assert not re.search(r"[<@\[\]|]", outside_fences(text))
        assert leaks(text) == []
    Cluster.objects.update(state=State.ACCEPTED, tells_at=timezone.now())
    while tellings_send():
        pass
    mails = [f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in OutboxMail.objects.all()]
    assert len(mails) >= len(hostile)
    assert not any("evil" in mail or "alert" in mail or leaks(mail) for mail in mails)


@pytest.mark.django_db
def test_hostile_reports_are_bounded(hostile: list[Cluster]) -> None:
    for report in Report.objects.all():
        assert len(report.body) <= 2 * BODY_LIMIT
        assert all(len(getattr(report, name)) <= 2 * TEXT_LIMIT for name in FIELDS if name != "body")
        assert all(len(getattr(report, name)) <= 200 for name in WORDS)


@pytest.mark.parametrize("text", [text for text in CORPUS if "`" in text or "~" in text])
def test_fence_cannot_be_ended_by_what_stands_in_it(text: str) -> None:
    block = fenced(inert(text, limit=4_000).text)
    fence = block.partition("text\n")[0]
    assert fence not in block.removeprefix(f"{fence}text\n").removesuffix(f"\n{fence}")


def outside_fences(text: str) -> str:
    """Return what a Markdown reader takes for markup: everything but the blocks of code."""
    kept, fence = [], ""
    for line in text.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif match := re.fullmatch(r"(`{3,})text", line):
            fence = match[1]
        else:
            kept.append(line)
    assert fence == ""
    return "\n".join(kept)


def browsers(browser_of: object, *people: User) -> list[Browser]:
    assert callable(browser_of)
    return [browser_of(person) for person in people]


def paged(browser: Browser, address: str) -> Iterator[str]:
    """Yield the addresses of a list's pages."""
    following: str | None = address
    while following:
        yield following
        page = browser.get(following).content.decode()
        found = re.search(r'href="([^"]*)"\s+rel="next"', page)
        following = address.partition("?")[0] + found[1].replace("&amp;", "&") if found else None
