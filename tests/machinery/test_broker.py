"""The embedded broker within one process: what a message file goes through."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Consumer, Exchange, Message, Queue

from dashboard.broker import broker_url
from dashboard.broker.spool import DEATHS_MAX, DRAFT_SECONDS, Owner, Spool

TASKS = Queue("tasks", Exchange("tasks", type="direct"), routing_key="tasks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a queue; with 100% odd name"


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with Connection(broker_url(folder), transport_options={"polling_interval": 0.01}) as connection:
        yield connection


@pytest.fixture
def spool(folder: Path) -> Spool:
    spool = Spool(folder)
    spool.prepare()
    return spool


def publish(connection: Connection, *bodies: object) -> None:
    with connection.Producer() as producer:
        for body in bodies:
            producer.publish(body, exchange=TASKS.exchange, routing_key="tasks", declare=[TASKS])


def receive(connection: Connection) -> Message:
    message = TASKS(connection.default_channel).get()
    assert message is not None
    return message


def ready(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "ready").iterdir())


def held(folder: Path) -> list[Path]:
    return [path for path in (folder / "owners").glob("*/*") if path.name != "lock"]


def die(owner: Owner) -> None:
    """What the kernel does to a lock when its process ends; the folder stays behind."""
    os.close(owner._lock)


def test_message_arrives_whole_and_in_order(connection: Connection) -> None:
    publish(connection, {"n": 1}, {"n": 2, "text": "é ☂"}, {"n": 3})
    messages = [receive(connection) for _ in range(3)]
    assert [message.payload for message in messages] == [{"n": 1}, {"n": 2, "text": "é ☂"}, {"n": 3}]


def test_message_stays_on_disk_until_acknowledged(connection: Connection, folder: Path) -> None:
    publish(connection, "work")
    message = receive(connection)
    assert (len(ready(folder)), len(held(folder))) == (0, 1)
    message.ack()
    assert (len(ready(folder)), len(held(folder))) == (0, 0)


def test_rejected_message_is_dropped_or_comes_again(connection: Connection, folder: Path) -> None:
    publish(connection, "work")
    receive(connection).requeue()
    again = receive(connection)
    assert again.payload == "work"
    again.reject()
    assert (len(ready(folder)), len(held(folder))) == (0, 0)


def test_closing_gives_back_what_was_not_acknowledged(connection: Connection, folder: Path) -> None:
    publish(connection, "first", "second")
    with connection.clone() as other:
        receive(other).ack()
        receive(other)
    assert len(ready(folder)) == 1
    assert list((folder / "owners").iterdir()) == []
    assert receive(connection).payload == "second"


def test_consumer_without_ack_leaves_nothing_behind(connection: Connection, folder: Path) -> None:
    publish(connection, "work")
    bodies: list[object] = []
    with Consumer(connection, [TASKS], callbacks=[lambda body, _: bodies.append(body)], no_ack=True):
        connection.drain_events(timeout=2)
    assert bodies == ["work"]
    assert (len(ready(folder)), len(held(folder))) == (0, 0)


def test_get_without_ack_leaves_nothing_behind(connection: Connection, folder: Path) -> None:
    publish(connection, "work")
    message = TASKS(connection.default_channel).get(no_ack=True)
    assert message is not None
    assert (len(ready(folder)), len(held(folder))) == (0, 0)


def test_prefetch_bounds_what_is_held(connection: Connection, folder: Path) -> None:
    publish(connection, "first", "second", "third")
    messages: list[Message] = []
    with Consumer(connection, [TASKS], on_message=messages.append, prefetch_count=2):
        connection.drain_events(timeout=2)
        connection.drain_events(timeout=2)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.05)
        assert (len(ready(folder)), len(held(folder))) == (1, 2)
        messages[0].ack()
        connection.drain_events(timeout=2)
    assert [message.payload for message in messages] == ["first", "second", "third"]


def test_queue_tells_its_size_and_can_be_purged(connection: Connection) -> None:
    publish(connection, "first", "second")
    queue = TASKS(connection.default_channel)
    assert queue.queue_declare().message_count == 2
    assert queue.purge() == 2
    assert queue.get() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"body": "cut o',
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"{}",
        b'{"properties": []}',
        b'{"properties": {"body_encoding": "base64"}, "body": "not base64!"}',
        b'{"properties": {"body_encoding": "rot13"}, "body": "x"}',
        b"[" * 100_000,
    ],
)
def test_unreadable_message_is_set_aside_and_the_next_one_arrives(
    connection: Connection, folder: Path, spool: Spool, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spool.put("tasks", content)
    publish(connection, "good")
    assert receive(connection).payload == "good"
    [broken] = (folder / "broken").iterdir()
    assert broken.read_bytes() == content
    assert "could not be read" in caplog.text
    assert str(broken) in caplog.text


def test_files_of_others_are_left_alone(connection: Connection, folder: Path, spool: Spool) -> None:
    (spool.ready / ".DS_Store").write_text("a file manager was here")
    (spool.ready / "notes.tasks").write_text("not a message")
    publish(connection, "work")
    assert receive(connection).payload == "work"
    assert {".DS_Store", "notes.tasks"} == set(ready(folder))


def test_folders_and_messages_are_private(connection: Connection, folder: Path) -> None:
    publish(connection, "work")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    [message] = (folder / "ready").iterdir()
    assert stat.S_IMODE(message.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["../up", "a/b", "", "x" * 151, "sp ace", "nul\0"])
def test_queue_name_unfit_for_a_file_is_refused(spool: Spool, name: str) -> None:
    with pytest.raises(ValueError, match="queue's name"):
        spool.put(name, b"{}")


@pytest.mark.parametrize("url", ["folder://", "folder:///", "folder://relative"])
def test_url_without_a_folder_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no folder"), Connection(url) as connection:
        connection.connect()


def test_spool_removed_while_in_use_is_a_connection_error_and_is_made_anew(folder: Path) -> None:
    with Connection(broker_url(folder)) as connection:
        receive_from = TASKS(connection.default_channel)
        assert receive_from.get() is None
        folder.rename(folder.with_name("gone"))
        with pytest.raises(connection.connection_errors):
            receive_from.get()
    with Connection(broker_url(folder)) as connection:
        publish(connection, "work")
        assert receive(connection).payload == "work"


def test_what_a_dead_owner_held_is_ready_again(spool: Spool) -> None:
    spool.put("tasks", b"1")
    spool.put("tasks", b"2")
    owner = Owner(spool)
    assert owner.take("tasks") is not None
    die(owner)
    heir = Owner(spool)
    contents = []
    while (path := heir.take("tasks")) is not None:
        contents.append(path.read_bytes())
    assert contents == [b"1", b"2"]
    assert [path.name for path in spool.owners.iterdir()] == [heir.folder.name]


def test_what_a_living_owner_holds_stays_its_own(spool: Spool) -> None:
    spool.put("tasks", b"1")
    owner, other = Owner(spool), Owner(spool)
    path = owner.take("tasks")
    spool.reclaim()
    assert other.take("tasks") is None
    assert path is not None
    assert path.exists()


def test_owner_folder_left_without_its_lock_is_cleared(spool: Spool) -> None:
    (spool.owners / "half-cleared").mkdir()
    spool.reclaim()
    assert list(spool.owners.iterdir()) == []


def test_message_that_outlives_too_many_owners_is_set_aside(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    spool.put("tasks", b"poison")
    for _ in range(DEATHS_MAX):
        owner = Owner(spool)
        assert owner.take("tasks") is not None
        die(owner)
        spool.reclaim()
    assert Owner(spool).take("tasks") is None
    [broken] = spool.broken.iterdir()
    assert broken.read_bytes() == b"poison"
    assert f"in the hands of {DEATHS_MAX} workers that died" in caplog.text


def test_message_given_back_on_purpose_is_never_set_aside(spool: Spool) -> None:
    spool.put("tasks", b"patient")
    for _ in range(DEATHS_MAX + 1):
        owner = Owner(spool)
        assert owner.take("tasks") is not None
        owner.close()
    assert len(spool.names("tasks")) == 1


def test_only_old_drafts_are_cleared_away(spool: Spool) -> None:
    for name, age in [("old", DRAFT_SECONDS + 60), ("new", 0.0)]:
        draft = spool.drafts / name
        draft.mkdir()
        (draft / "lock").touch()
        at = draft.stat().st_mtime - age
        os.utime(draft, (at, at))
    spool.reclaim()
    assert [path.name for path in spool.drafts.iterdir()] == ["new"]


def test_failed_write_leaves_no_draft_and_is_an_os_error(spool: Spool) -> None:
    spool.ready.rmdir()
    with pytest.raises(FileNotFoundError):
        spool.put("tasks", b"{}")
    assert list(spool.drafts.iterdir()) == []


def test_message_on_disk_is_plain_json(connection: Connection, folder: Path) -> None:
    publish(connection, {"n": 1})
    [message] = (folder / "ready").iterdir()
    assert json.loads(message.read_bytes())["content-type"] == "application/json"
