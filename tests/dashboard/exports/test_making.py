"""A file is made once by whoever claimed it, survives lost workers and failures, and is gone after its day."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from dashboard.accounts.members import member_remove
from dashboard.accounts.models import User, Workspace
from dashboard.exports.making import BEAT_EVERY, BROKEN, NOT_WRITTEN, export_make
from dashboard.exports.models import Export
from dashboard.exports.runs import (
    AT_ONCE,
    FILE_KEPT,
    LOST_AFTER,
    MAX_ATTEMPTS,
    NO_LONGER_ALLOWED,
    ROW_KEPT,
    exports_due,
    exports_expire,
    exports_prune,
    exports_rescue,
    exports_withdraw,
)
from dashboard.exports.services import export_again
from tests.dashboard.exports.conftest import Producer

pytestmark = pytest.mark.django_db
Ask = Callable[..., Export]


def files(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("*") if path.is_file()]


def test_file_is_made_whole_and_offered_for_a_day(ask: Ask, producer: Producer, storage: Path) -> None:
    export = ask(number="seven")
    assert exports_due() == [export.pk]
    assert export_make(export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.rows_total, export.error) == ("done", 3, 3, "")
    assert [path.read_text() for path in files(storage)] == ["row 0\nrow 1\nrow 2\n"]
    assert export.bytes == 18
    assert export.ended_at
    assert export.expires_at == export.ended_at + FILE_KEPT
    assert producer.orders[0].parameters == {"number": "seven"}
    assert not export_make(export.pk)
    assert len(producer.orders) == 1


def test_days_of_the_file_are_those_of_whoever_asked(ask: Ask, producer: Producer) -> None:
    zones = []
    producer.before_each = lambda _row: zones.append(timezone.get_current_timezone_name())
    with timezone.override("Pacific/Auckland"):
        export = ask()
    export_make(export.pk)
    assert set(zones) == {"Pacific/Auckland"}


def test_progress_is_saved_while_the_file_grows(ask: Ask, producer: Producer) -> None:
    seen = []

    def look(row: int) -> None:
        seen.append(Export.objects.get().rows_done)
        clock.shift(BEAT_EVERY)

    producer.before_each = look
    export = ask()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        export_make(export.pk)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    ("error", "said"), [(OSError("the disk is full"), NOT_WRITTEN), (ValueError("isk_r_secret"), BROKEN)]
)
def test_failure_is_tried_again_later_then_said(
    error: Exception, said: str, ask: Ask, producer: Producer, storage: Path
) -> None:
    def fail(row: int) -> None:
        if row == 2:
            raise error

    producer.before_each = fail
    export = ask()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert export_make(export.pk)
            export.refresh_from_db()
            assert (export.attempts, export.error) == (attempt, said)
            assert not export_make(export.pk)
            clock.shift(timedelta(minutes=10))
    assert export.state == "failed"
    assert files(storage) == []
    producer.before_each = lambda _row: None
    export_again(export)
    export_make(export.pk)
    export.refresh_from_db()
    assert (export.state, export.error) == ("done", "")


def test_lost_worker_gives_the_file_to_another_and_keeps_nothing_of_its_own(
    ask: Ask, producer: Producer, storage: Path
) -> None:
    export = ask()

    def vanish(row: int) -> None:
        if row == 1 and len(producer.orders) == 1:
            clock.shift(LOST_AFTER)
            assert exports_rescue() == 1
            clock.shift(timedelta(minutes=1))
            assert export_make(export.pk)

    producer.before_each = vanish
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert export_make(export.pk)
        assert exports_rescue() == 0
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("done", 2)
    assert [str(path.relative_to(storage)) for path in files(storage)] == [export.path]


class SlowStorage(FileSystemStorage):
    """Takes a file in pieces of 4 bytes; `between` is called before each of them."""

    between: Callable[[], None]

    def _save(self, name: str, content: Any) -> str:
        content.DEFAULT_CHUNK_SIZE = 4

        def pieces() -> Iterator[bytes]:
            for piece in content.chunks():
                type(self).between()
                yield piece

        return super()._save(name, ContentFile(b"".join(pieces())))


@pytest.fixture
def slow_storage(settings: Any) -> type[SlowStorage]:
    backend = {"BACKEND": f"{__name__}.{SlowStorage.__name__}"}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
    return SlowStorage


def test_hand_over_that_takes_long_is_not_taken_for_lost(
    ask: Ask, producer: Producer, slow_storage: type[SlowStorage], storage: Path
) -> None:
    export, rescued = ask(), []

    def wait() -> None:
        rescued.append(exports_rescue())
        clock.shift(LOST_AFTER - timedelta(seconds=1))

    slow_storage.between = wait
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert export_make(export.pk)
    assert len(rescued) > 3
    assert set(rescued) == {0}
    export.refresh_from_db()
    assert (export.state, export.attempts) == ("done", 1)
    assert [path.read_text() for path in files(storage)] == ["row 0\nrow 1\nrow 2\n"]


def test_hand_over_of_a_run_that_was_taken_away_stops_and_leaves_nothing(
    ask: Ask, producer: Producer, slow_storage: type[SlowStorage], storage: Path
) -> None:
    export, pieces = ask(), []

    def take_away() -> None:
        pieces.append(1)
        Export.objects.update(run_token=None, state="queued")
        clock.shift(BEAT_EVERY)

    slow_storage.between = take_away
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert export_make(export.pk)
    assert len(pieces) == 1
    export.refresh_from_db()
    assert (export.state, files(storage)) == ("queued", [])


def test_no_more_than_a_few_are_made_at_once(ask: Ask, producer: Producer, owner: User, buyer: User) -> None:
    waiting = [ask(), ask(), ask(buyer)]
    made_meanwhile = []

    def start_the_next(row: int) -> None:
        if row == 0 and len(producer.orders) < len(waiting):
            made_meanwhile.append(export_make(waiting[len(producer.orders)].pk))

    producer.before_each = start_the_next
    export_make(waiting[0].pk)
    assert AT_ONCE == 2
    assert made_meanwhile == [False, True]
    assert exports_due() == [waiting[2].pk]


def test_whoever_may_not_any_more_gets_no_file(
    ask: Ask, producer: Producer, workspace: Workspace, owner: User, buyer: User
) -> None:
    export = ask(buyer)
    member_remove(workspace=workspace, user=buyer, actor=owner)
    export_make(export.pk)
    export.refresh_from_db()
    assert (export.state, export.error, producer.orders) == ("failed", NO_LONGER_ALLOWED, [])


def test_file_is_deleted_after_its_day_and_the_row_after_a_month(ask: Ask, producer: Producer, storage: Path) -> None:
    export, waiting = ask(), ask()
    export_make(export.pk)
    folder = storage / "exports" / str(export.key)
    (folder / "left-by-a-lost-run").write_text("half a file")
    assert (exports_expire(), exports_prune()) == (0, 0)
    with time_machine.travel(timezone.now() + FILE_KEPT):
        assert exports_expire() == 1
        assert exports_prune() == 0
    assert files(storage) == []
    assert Export.objects.get(pk=export.pk).state == "expired"
    with time_machine.travel(timezone.now() + ROW_KEPT):
        assert exports_prune() == 1
    assert Export.objects.get() == waiting


def test_deleted_file_can_be_made_again(ask: Ask, producer: Producer) -> None:
    export = ask()
    export_make(export.pk)
    with time_machine.travel(timezone.now() + FILE_KEPT):
        export_again(export)
        export_make(export.pk)
        export.refresh_from_db()
        assert export.shown_state == "done"
        export_again(export)
        export.refresh_from_db()
        assert export.state == "done"


@pytest.mark.parametrize("days", [0, 1])
def test_file_that_is_made_again_while_the_one_before_is_deleted_stays(
    ask: Ask, producer: Producer, storage: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Withdrawn, or over after its day: somebody asks for it again between the row's reading and its folder's."""
    export = ask()
    export_make(export.pk)
    if not days:
        exports_withdraw(Export.objects.all(), "Something in it is wrong.")
    listdir = default_storage.listdir

    def listed(folder: str) -> tuple[list[str], list[str]]:
        monkeypatch.undo()
        export_again(Export.objects.get())
        assert export_make(export.pk)
        return listdir(folder)

    with time_machine.travel(timezone.now() + days * FILE_KEPT):
        monkeypatch.setattr(default_storage, "listdir", listed)
        exports_expire()
        export.refresh_from_db()
        assert (export.shown_state, export.error) == ("done", "")
        assert [str(path.relative_to(storage)) for path in files(storage)] == [export.path]


def test_file_of_before_is_gone_once_it_is_made_again(ask: Ask, producer: Producer, storage: Path) -> None:
    export = ask()
    export_make(export.pk)
    exports_withdraw(Export.objects.all(), "Something in it is wrong.")
    export_again(Export.objects.get())
    assert files(storage) == []
    export.refresh_from_db()
    assert (export.state, export.path) == ("queued", "")
