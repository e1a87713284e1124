"""The pages of threads: who may read and write, what they show, and that what people write does nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import Role, User, Workspace
from dashboard.accounts.services import membership_add
from dashboard.agents.models import Claim
from dashboard.audit.models import AuditEntry
from dashboard.notify.models import OutboxMail
from dashboard.support.models import Message, Side, Thread
from dashboard.support.selectors import PAGE_SIZE
from dashboard.support.services import MAX_HOURLY_THREADS_OF_PERSON, Subject, thread_assign
from tests.dashboard.support.conftest import SUBJECT, Open, write
from tests.dashboard.web.pages import HOSTILE, words

pytestmark = pytest.mark.django_db
Browsers = Callable[..., Browser]
CARD = "4242 4242 4242 4242"


def new_url(workspace: Workspace, kind: str = "agent", subject_id: str = SUBJECT.id) -> str:
    return reverse("web:thread_new", args=[workspace.key, kind, subject_id])


def thread_url(thread: Thread, name: str = "web:thread_detail") -> str:
    return reverse(name, args=[thread.workspace.key, thread.key])


def desk_url(thread: Thread) -> str:
    return reverse("web:thread_desk", args=[thread.key])


def filled(text: str = "500 credits never came.", **other: Any) -> dict[str, Any]:
    return {"problem": "missing_credits", "text": text, "key": uuid4(), **other}


def queue(browser: Browser, **asked: Any) -> str:
    return words(browser.get(reverse("web:thread_queue"), asked))


def test_sponsor_tells_of_an_agent_and_billing_answers_beside_its_facts(
    linked: Claim, workspace: Workspace, buyer: User, billing_admin: User, browser_of: Browsers
) -> None:
    sponsor, desk = browser_of(buyer), browser_of(billing_admin)
    agent_page = sponsor.get(reverse("web:agent_detail", args=[workspace.key, SUBJECT.id]))
    assert f'href="{new_url(workspace)}"' in agent_page.content.decode()
    sent = sponsor.post(new_url(workspace), filled())
    thread = Thread.objects.get()
    assert sent["Location"] == thread_url(thread)
    assert "Waiting for billing" in words(sponsor.get(thread_url(thread)))
    assert "Not read yet" in words(sponsor.get(thread_url(thread)))
    assert "1 new Agent render-bot Olga's studio Waiting for us" in queue(desk)
    seen = words(desk.get(desk_url(thread)))
    assert "500 credits never came." in seen
    assert "Free credits 12 credits Paid credits 480 credits" in seen
    assert "Read by billing just now" in words(sponsor.get(thread_url(thread)))
    desk.post(desk_url(thread), filled("They come today."))
    said = words(sponsor.get(thread_url(thread)))
    assert "Waiting for you" in said
    assert "Bill billing just now They come today." in said
    desk.post(desk_url(thread), filled("They came.", ending="solved"))
    assert "If it is not, write again" in words(sponsor.get(thread_url(thread)))
    sponsor.post(thread_url(thread, "web:thread_message"), filled("They did not."))
    assert "Opened again" in queue(desk)


def test_viewer_reads_and_cannot_write(thread: Thread, linked: Claim, viewer: User, browser_of: Browsers) -> None:
    browser = browser_of(viewer)
    said = words(browser.get(thread_url(thread)))
    assert "500 credits never came." in said
    assert "Owners and buyers of this workspace can write here." in said
    assert "Send" not in said
    assert browser.post(thread_url(thread, "web:thread_message"), filled()).status_code == 403
    assert browser.post(new_url(thread.workspace), filled()).status_code == 403
    agent_page = browser.get(reverse("web:agent_detail", args=[thread.workspace.key, SUBJECT.id]))
    assert "Something is wrong" not in words(agent_page)
    assert Message.objects.count() == 1


def test_outsider_finds_no_thread_and_no_thing(
    thread: Thread, linked: Claim, outsider: User, browser_of: Browsers
) -> None:
    browser, own = browser_of(outsider), outsider.memberships.get().workspace
    assert browser.get(thread_url(thread)).status_code == 404
    for name in ("web:thread_detail", "web:thread_message"):
        own_door = reverse(name, args=[own.key, thread.key])
        assert browser.post(own_door, filled()).status_code in {404, 405}
    assert browser.post(new_url(own), filled()).status_code == 404
    assert browser.get(desk_url(thread)).status_code == 403
    assert "render-bot" not in words(browser.get(reverse("web:thread_list", args=[own.key])))
    assert Message.objects.count() == 1


@pytest.mark.parametrize(("kind", "subject_id"), [("agent", "agt_elsewhere"), ("nonsense", SUBJECT.id), ("agent", "x")])
def test_nothing_can_be_wrong_with_what_is_not_there(
    kind: str, subject_id: str, linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    assert browser_of(owner).post(new_url(workspace, kind, subject_id), filled()).status_code == 404
    assert not Thread.objects.exists()


def test_credential_comes_back_taken_out_and_is_kept_nowhere(
    linked: Claim, thread: Thread, workspace: Workspace, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    OutboxMail.objects.all().delete()
    text = f"My card is {CARD}.\nHelp!"
    asked = (
        (owner, new_url(workspace)),
        (owner, thread_url(thread, "web:thread_message")),
        (billing_admin, desk_url(thread)),
    )
    for user, url in asked:
        answer = browser_of(user).post(url, filled(text))
        assert answer.status_code == 422
        # Four of its digits alone may well stand in a random key of the page.
        assert "4242 4242" not in answer.content.decode()
        said = words(answer)
        assert "My card is [removed]. Help!" in said
        assert "looks like a card number" in said
    assert Message.objects.count() == 1
    assert not OutboxMail.objects.exists()
    assert "4242 4242" not in str(list(AuditEntry.objects.values()))


def test_what_people_write_is_shown_and_does_nothing(
    open_thread: Open, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    thread = open_thread(f"{HOSTILE}\n<img src=x onerror=alert(1)>", subject=Subject("agent", "agt_1", HOSTILE))
    for user, url in ((owner, thread_url(thread)), (billing_admin, desk_url(thread))):
        page = browser_of(user).get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script>alert" not in browser_of(billing_admin).get(reverse("web:thread_queue")).content.decode()


@pytest.mark.parametrize("text", ["", " \n \x07 ", "x" * 4_001, "a\x00b"])
def test_text_is_bounded_and_visible(
    text: str, linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    assert browser_of(owner).post(new_url(workspace), filled(text)).status_code == 422
    assert not Thread.objects.exists()


def test_lines_are_kept_and_other_control_characters_are_not(
    linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    browser_of(owner).post(new_url(workspace), filled("one\r\n\r\n\r\n\r\ntwo\x1b[31m\x08"))
    assert Message.objects.get().text == "one\n\ntwo[31m"


def test_double_click_leads_to_the_thread_that_it_opened(
    linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    sent = filled()
    first, second = (browser_of(owner).post(new_url(workspace), sent) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Message.objects.count() == 1


def test_form_without_a_sound_key_sends_nothing(
    linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    assert browser_of(owner).post(new_url(workspace), filled(key="1")).status_code == 422


def test_too_many_is_said_on_the_page_and_the_text_stays(
    linked: Claim, workspace: Workspace, owner: User, browser_of: Browsers
) -> None:
    browser = browser_of(owner)
    for _ in range(MAX_HOURLY_THREADS_OF_PERSON):
        assert browser.post(new_url(workspace), filled()).status_code == 302
    answer = browser.post(new_url(workspace), filled("one too many"))
    assert answer.status_code == 422
    assert "try again in an hour" in words(answer)
    assert "one too many" in words(answer)


def test_earlier_threads_about_the_thing_are_named_before_another_is_opened(
    linked: Claim, thread: Thread, workspace: Workspace, buyer: User, browser_of: Browsers
) -> None:
    said = words(browser_of(buyer).get(new_url(workspace)))
    assert "You told billing about this before" in said
    assert "Credits are missing 1 new Agent render-bot Waiting for billing Olga" in said


def test_thread_outlives_the_link_to_its_agent(
    linked: Claim, thread: Thread, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    linked.delete()
    assert "Agent render-bot" in words(browser_of(owner).get(thread_url(thread)))
    assert "it is not in this workspace any more" in words(browser_of(billing_admin).get(desk_url(thread)))


def test_desk_tells_nothing_of_an_agent_that_went_to_another_workspace(
    linked: Claim, thread: Thread, outsider: User, billing_admin: User, browser_of: Browsers
) -> None:
    Claim.objects.filter(pk=linked.pk).update(workspace=outsider.memberships.get().workspace)
    assert "480" not in words(browser_of(billing_admin).get(desk_url(thread)))


def test_queue_shows_who_waits_longest_first_and_counts_each_tab(
    open_thread: Open, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    now, threads = datetime.now(UTC), {}
    for hours, name in ((1, "one"), (3, "three"), (2, "two"), (9, "answered")):
        with time_machine.travel(now - timedelta(hours=hours)):
            threads[name] = open_thread(subject=Subject("agent", f"agt_{name}", name))
    write(threads["answered"], billing_admin, Side.BILLING)
    write(threads["two"], owner, Side.SPONSOR, "still")
    said = queue(browser_of(billing_admin))
    assert "Waiting for us 3 Waiting for the sponsor 1 Solved 0 All 4" in said
    assert said.index("Agent three") < said.index("Agent two") < said.index("Agent one")
    assert "Agent answered" not in said
    assert "Agent answered" in queue(browser_of(billing_admin), tab="answered")
    assert "None" in queue(browser_of(billing_admin), tab="solved")
    assert "Agent three" in queue(browser_of(billing_admin), tab="no-such-tab")


def test_filter_of_the_queue_is_its_address(
    open_thread: Open, outsider: User, billing_admin: User, browser_of: Browsers
) -> None:
    mine = open_thread(subject=Subject("agent", "agt_mine", "mine"), problem="refund_wish")
    thread_assign(thread=mine, assignee=billing_admin, actor=billing_admin)
    theirs = outsider.memberships.get().workspace
    open_thread(user=outsider, workspace=theirs, subject=Subject("agent", "agt_theirs", "theirs"))
    browser = browser_of(billing_admin)
    for asked in ({"problem": "refund_wish"}, {"owner": "mine"}, {"text": "studio"}, {"text": "agt_mine"}):
        said = queue(browser, **asked)
        assert "Agent mine" in said, asked
        assert "Agent theirs" not in said, asked
        assert "Waiting for us 1 Waiting for the sponsor 0 Solved 0 All 1" in said
    assert "Agent theirs" in queue(browser, owner="nobody")
    assert "No thread fits this filter" in queue(browser, text="nothing like it")
    assert "Agent" not in queue(browser, problem="nonsense")
    assert "Nobody waits for us" not in queue(browser, problem="nonsense")


def test_queue_has_pages_that_lead_on_and_back(
    open_thread: Open, workspace: Workspace, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    first = open_thread()
    for number in range(1, 2 * PAGE_SIZE + 1):
        Thread.objects.create(
            workspace=workspace,
            opened_by=owner,
            subject_kind="agent",
            subject_id=f"agt_{number}",
            subject_label=f"bot-{number:03}.",
            problem="other",
            opened_at=first.opened_at + timedelta(minutes=number),
            turned_at=first.opened_at + timedelta(minutes=number),
            last_at=first.opened_at,
        )
    browser, seen, cursor = browser_of(billing_admin), list[str](), ""
    while cursor is not None:
        page = browser.get(reverse("web:thread_queue"), {"page": cursor}).context["page"]
        seen += [thread.subject_id for thread in page.rows]
        last, cursor = page, page.older
    assert seen == [SUBJECT.id, *(f"agt_{number}" for number in range(1, 2 * PAGE_SIZE + 1))]
    back = browser.get(reverse("web:thread_queue"), {"page": last.newer}).context["page"]
    assert [thread.subject_id for thread in back.rows] == seen[PAGE_SIZE : 2 * PAGE_SIZE]


def test_colleague_takes_a_thread_over_and_puts_it_back(
    thread: Thread, billing_admin: User, browser_of: Browsers
) -> None:
    browser, url = browser_of(billing_admin), reverse("web:thread_assignment", args=[thread.key])
    assert "Nobody yet" in words(browser.get(desk_url(thread)))
    browser.post(url, {"who": "me"})
    assert "Who looks after it You" in words(browser.get(desk_url(thread)))
    browser.post(url, {"who": "nobody"})
    assert "Nobody yet" in words(browser.get(desk_url(thread)))
    entry = AuditEntry.objects.filter(action="thread.assigned").latest("pk")
    assert (entry.before, entry.after) == ({"assignee": billing_admin.email}, {"assignee": ""})


def test_person_of_both_sides_writes_as_the_page_says(
    thread: Thread, workspace: Workspace, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    membership_add(workspace=workspace, user=billing_admin, role=Role.BUYER, actor=owner)
    browser = browser_of(billing_admin)
    browser.post(thread_url(thread, "web:thread_message"), filled("as a buyer"))
    browser.post(desk_url(thread), filled("as billing"))
    assert list(thread.messages.order_by("number").values_list("side", flat=True)) == ["sponsor", "sponsor", "billing"]


def test_address_of_billing_is_not_shown_to_a_workspace(
    thread: Thread, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    User.objects.filter(pk=billing_admin.pk).update(name="")
    billing_admin.refresh_from_db()
    write(thread, billing_admin, Side.BILLING)
    assert billing_admin.email not in browser_of(owner).get(thread_url(thread)).content.decode()


def test_fragment_is_the_messages_alone(thread: Thread, owner: User, browser_of: Browsers) -> None:
    answer = browser_of(owner).get(thread_url(thread), headers={"X-Fragment": "1"}).content.decode()
    assert answer.strip().startswith("<section")
    assert "<textarea" not in answer
    assert "500 credits never came." in answer


def test_empty_pages_say_what_will_appear(
    workspace: Workspace, owner: User, billing_admin: User, browser_of: Browsers
) -> None:
    said = words(browser_of(owner).get(reverse("web:thread_list", args=[workspace.key])))
    assert "What you tell billing will appear here" in said
    assert "Nobody waits for us" in queue(browser_of(billing_admin))
