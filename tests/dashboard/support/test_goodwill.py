"""Billing's goodwill notes beside a thread: listed with the reviewers', kept from the sponsor, granting nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client as Browser
from django.urls import reverse

from dashboard.accounts.models import User, Workspace
from dashboard.audit.models import AuditEntry
from dashboard.credits.models import Purchase
from dashboard.feedback.models import Goodwill
from dashboard.notify.models import OutboxMail
from dashboard.support.models import Thread
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(browser_of: Callable[..., Browser], billing_admin: User) -> Browser:
    return browser_of(billing_admin)


def note(desk: Browser, thread: Thread, **said: Any) -> Any:
    told = {"goodwill-credits": "200", "goodwill-text": "Two days without an answer.", **said}
    return desk.post(reverse("web:thread_goodwill", args=[thread.key]), told, follow=True)


def test_note_stands_beside_the_thread_and_in_the_list_of_all(
    desk: Browser, thread: Thread, billing_admin: User
) -> None:
    beside = words(note(desk, thread))
    assert "200 credits" in beside
    assert "Two days without an answer." in beside
    assert "nothing is granted" in beside
    listed = desk.get(reverse("feedback:goodwill_list"))
    assert "Two days without an answer." in words(listed)
    assert reverse("web:thread_desk", args=[thread.key]) in listed.content.decode()
    kept = Goodwill.objects.get()
    assert (kept.credits, kept.written_by, kept.workspace) == (200, billing_admin, thread.workspace)


def test_note_moves_nothing_and_tells_the_sponsor_nothing(
    desk: Browser, thread: Thread, workspace: Workspace, owner: User, browser_of: Callable[..., Browser]
) -> None:
    mails = OutboxMail.objects.count()
    note(desk, thread)
    assert OutboxMail.objects.count() == mails
    assert not Purchase.objects.exists()
    entry = AuditEntry.objects.get(action="goodwill.noted")
    assert (entry.workspace_id, entry.after) == (None, {"credits": 200})
    seen = words(browser_of(owner).get(reverse("web:thread_detail", args=[workspace.key, thread.key])))
    assert "Two days" not in seen
    assert "Goodwill" not in seen


def test_second_press_writes_no_second_note_until_the_first_is_settled(
    desk: Browser, thread: Thread, billing_admin: User
) -> None:
    note(desk, thread)
    note(desk, thread)
    desk.post(reverse("feedback:goodwill_settled", args=[Goodwill.objects.get().pk]))
    assert Goodwill.objects.get().settled_by == billing_admin
    assert AuditEntry.objects.get(action="feedback.goodwill_settled").subject_id == str(thread.key)
    note(desk, thread)
    assert Goodwill.objects.count() == 2


@pytest.mark.parametrize(
    "said",
    [{"goodwill-credits": "0"}, {"goodwill-credits": "100001"}, {"goodwill-text": " "}],
    ids=["nothing", "too much", "no reason"],
)
def test_note_without_a_sensible_amount_or_a_reason_is_refused(
    said: dict[str, str], desk: Browser, thread: Thread
) -> None:
    answer = note(desk, thread, **said)
    assert answer.status_code == 422
    assert "What it is about" in words(answer)
    assert not Goodwill.objects.exists()


def test_text_with_a_credential_is_not_kept(desk: Browser, thread: Thread) -> None:
    assert "looks like a token" in words(note(desk, thread, **{"goodwill-text": "isk_r_abcdefghijkl"}))
    assert not Goodwill.objects.exists()


def test_note_has_one_cause(thread: Thread, billing_admin: User) -> None:
    with pytest.raises(IntegrityError):
        Goodwill.objects.create(
            thread=thread, workspace=thread.workspace, written_by=billing_admin, written_at=thread.opened_at
        )
