"""A person's own exports: asked for within limits, followed on a page, fetched by nobody else, audited."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from dashboard.accounts.members import member_remove
from dashboard.accounts.models import User, Workspace
from dashboard.audit.models import AuditEntry
from dashboard.exports.making import NOT_WRITTEN, export_make
from dashboard.exports.models import Export
from dashboard.exports.runs import FILE_KEPT
from dashboard.exports.services import MAX_DAILY, MAX_OPEN, TOO_MANY_OPEN, TOO_MANY_TODAY, ExportRefused
from tests.dashboard.exports.conftest import Producer
from tests.dashboard.web.pages import words

pytestmark = pytest.mark.django_db
Ask = Callable[..., Export]
Browsers = Callable[..., Browser]


def test_page_says_how_far_it_is_until_the_file_is_there(
    ask: Ask, producer: Producer, owner: User, browser_of: Browsers
) -> None:
    export, browser = ask(), browser_of(owner)
    address, seen = f"/exports/{export.key}/", []
    page = browser.get(address)
    assert "The file waits for its turn" in words(page)
    assert f'data-poll-url="{address}"' in page.content.decode()

    def look(row: int) -> None:
        Export.objects.update(rows_done=row)
        seen.append(words(browser.get(address, headers={"X-Fragment": "1"})))

    producer.before_each = look
    export_make(export.pk)
    assert "The file is being made" in seen[2]
    assert "2 of 3" in seen[2]
    page = browser.get(address)
    assert "Ready: 3 numbers, 18" in words(page)
    assert "data-poll-url" not in page.content.decode()
    assert "Numbers of Olga's studio" in words(browser.get("/exports/"))


def test_file_is_fetched_private_and_audited(ask: Ask, owner: User, browser_of: Browsers) -> None:
    export, browser = ask(), browser_of(owner)
    assert browser.post(f"/exports/{export.key}/file/").status_code == 302
    export_make(export.pk)
    answer = browser.post(f"/exports/{export.key}/file/")
    assert b"".join(answer.streaming_content) == b"row 0\nrow 1\nrow 2\n"  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    told = list(AuditEntry.objects.filter(subject_kind="export").order_by("pk").values_list("action", "actor_label"))
    assert told == [("export.requested", owner.email), ("export.downloaded", owner.email)]


def test_nobody_else_finds_it(
    ask: Ask, buyer: User, outsider: User, operator: User, browser_of: Browsers, owner: User
) -> None:
    export = ask()
    export_make(export.pk)
    for other in (buyer, outsider, operator):
        browser = browser_of(other)
        assert browser.get(f"/exports/{export.key}/").status_code == 404
        assert browser.post(f"/exports/{export.key}/file/").status_code == 404
        assert "Numbers of" not in words(browser.get("/exports/"))


def test_whoever_left_the_workspace_finds_it_no_more(
    ask: Ask, workspace: Workspace, owner: User, buyer: User, browser_of: Browsers
) -> None:
    export = ask(buyer)
    export_make(export.pk)
    member_remove(workspace=workspace, user=buyer, actor=owner)
    browser = browser_of(buyer)
    assert browser.post(f"/exports/{export.key}/file/").status_code == 404
    assert "Numbers" not in words(browser.get("/exports/"))


def test_platform_role_has_its_own_over_all_workspaces(
    ask: Ask, operator: User, owner: User, browser_of: Browsers
) -> None:
    export = ask(operator, None)
    export_make(export.pk)
    answer = browser_of(operator).post(f"/exports/{export.key}/file/")
    assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    operator.platform_roles = []
    operator.save()
    assert browser_of(operator).get(f"/exports/{export.key}/").status_code == 404


def test_same_press_while_it_is_made_leads_to_the_same_file(ask: Ask) -> None:
    assert ask(number="one") == ask(number="one")
    assert ask(number="two") != ask(number="one")


def test_one_person_asks_for_a_few_at_a_time_and_some_a_day(ask: Ask, owner: User, buyer: User) -> None:
    for _ in range(MAX_OPEN):
        ask()
    with pytest.raises(ExportRefused, match=TOO_MANY_OPEN):
        ask()
    assert AuditEntry.objects.get(action="export.requested", outcome="refused").reason == TOO_MANY_OPEN
    ask(buyer)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while Export.objects.filter(asked_by=owner).count() < MAX_DAILY:
            Export.objects.filter(asked_by=owner).update(state="failed")
            ask()
        Export.objects.filter(asked_by=owner).update(state="failed")
        with pytest.raises(ExportRefused, match=TOO_MANY_TODAY):
            ask()
        clock.shift(timedelta(days=1, seconds=1))
        ask()


def test_failed_and_deleted_files_are_made_again_by_a_button(
    ask: Ask, producer: Producer, owner: User, browser_of: Browsers, storage: Path
) -> None:
    export, browser = ask(), browser_of(owner)
    export_make(export.pk)
    (storage / Export.objects.get().path).unlink()
    assert browser.post(f"/exports/{export.key}/file/").status_code == 302
    assert "The file was deleted" in words(browser.get(f"/exports/{export.key}/"))
    browser.post(f"/exports/{export.key}/again/")
    assert "The file waits for its turn" in words(browser.get(f"/exports/{export.key}/"))
    export_make(export.pk)
    with time_machine.travel(timezone.now() + FILE_KEPT):
        browser = browser_of(owner)
        assert "The file was deleted" in words(browser.get(f"/exports/{export.key}/"))
        assert browser.post(f"/exports/{export.key}/file/").status_code == 302
    for attempts, tried in ((1, "once"), (3, "3 times")):
        Export.objects.update(state="failed", error=NOT_WRITTEN, attempts=attempts)
        said = words(browser.get(f"/exports/{export.key}/"))
        assert "The file could not be made" in said
        assert f"It was tried {tried}; nothing of it is kept. The reason: {NOT_WRITTEN}" in said
