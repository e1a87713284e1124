"""The embedded broker between processes: races, sudden deaths, and real Celery workers."""

import fnmatch
import importlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from celery import Celery

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORKER = (
    *("-m", "celery", "-A", "broker_app", "worker", "-P", "threads", "-c", "4", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


class Yard:
    """A spool, what the tasks of `broker_app` left, and processes that are killed at the end of the test."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root, self.queue, self.marks = root, root / "queue", root / "marks"
        self.marks.mkdir()
        self._stack = stack

    def start(self, name: str, *argv: object) -> subprocess.Popen[bytes]:
        """Run Python; its standard output is `printed(name)`."""
        env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
        env |= {"BROKER_FOLDER": str(self.queue), "MARKS_FOLDER": str(self.marks)}
        # The worker is of the test's own application; Celery would set up Django for it all the same.
        env |= {"DJANGO_SETTINGS_MODULE": ""}
        output = self._stack.enter_context((self.root / name).open("wb"))
        process = self._stack.enter_context(
            subprocess.Popen([sys.executable, *map(str, argv)], env=env, cwd=self.root, stdout=output)
        )
        self._stack.callback(process.kill)
        return process

    def peer(self, name: str, role: str, *numbers: int) -> subprocess.Popen[bytes]:
        return self.start(name, HERE / "broker_peer.py", role, self.queue, *numbers)

    def printed(self, name: str) -> list[str]:
        return (self.root / name).read_text().split()

    def count(self, part: str) -> int:
        """How many message files lie in one part of the spool."""
        return sum(len(fnmatch.filter(names, "*-*")) for _, _, names in os.walk(self.queue / part))

    def is_at_rest(self) -> bool:
        return self.count("ready") == self.count("owners") == self.count("drafts") == 0

    def marked(self, what: str) -> Counter[int]:
        """How often each task started, or was done."""
        return Counter(int(path.name.split("-")[1]) for path in self.marks.glob(f"{what}-*"))


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    with ExitStack() as stack:
        yield Yard(tmp_path, stack)


@pytest.fixture
def enqueue(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, float], None]]:
    """Enqueue tasks of `broker_app`, as a web process would."""
    monkeypatch.setenv("BROKER_FOLDER", str(yard.queue))
    monkeypatch.syspath_prepend(HERE)
    app: Celery = importlib.import_module("broker_app").app

    def send(count: int, seconds: float) -> None:
        with app.connection_for_write() as connection:
            for number in range(count):
                app.send_task("note", args=[number, seconds], connection=connection)

    yield send
    sys.modules.pop("broker_app")


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_four_producers_and_two_consumers_lose_and_double_nothing(yard: Yard) -> None:
    consumers = [yard.peer(name, "consume") for name in ("first", "second")]
    producers = [yard.peer(f"producer-{first}", "produce", first, 150) for first in (0, 150, 300, 450)]
    assert [process.wait(30) for process in producers] == [0, 0, 0, 0]
    wait_until(yard.is_at_rest)
    for process in consumers:
        process.terminate()
        process.wait(10)
    first, second = yard.printed("first"), yard.printed("second")
    assert Counter(map(int, first + second)) == Counter(range(600))
    assert first
    assert second
    assert yard.count("broken") == 0


def test_killed_consumer_gives_back_what_it_held(yard: Yard) -> None:
    assert yard.peer("producer", "produce", 0, 5).wait(30) == 0
    holder = yard.peer("holder", "hold")
    wait_until(lambda: yard.printed("holder") == ["holding"])
    assert (yard.count("ready"), yard.count("owners")) == (2, 3)
    holder.kill()
    holder.wait()
    yard.peer("heir", "consume")
    wait_until(yard.is_at_rest)
    wait_until(lambda: yard.printed("heir") == ["0", "1", "2", "3", "4"])


def test_tasks_of_a_killed_worker_are_all_done_by_the_next(yard: Yard, enqueue: Callable[[int, float], None]) -> None:
    enqueue(60, 0.05)
    victim = yard.start("victim", *WORKER)
    wait_until(lambda: yard.marked("done").total() >= 10)
    victim.kill()
    victim.wait()
    assert yard.marked("done").total() < 60
    yard.start("heir", *WORKER)
    wait_until(lambda: len(yard.marked("done")) == 60 and yard.is_at_rest())
    # Twice is only what was in the victim's hands: four running and as many prefetched, at most.
    assert yard.marked("started").total() <= 60 + 8


def test_worker_told_to_stop_finishes_what_runs_and_gives_back_the_rest(
    yard: Yard, enqueue: Callable[[int, float], None]
) -> None:
    enqueue(12, 0.5)
    worker = yard.start("worker", *WORKER)
    wait_until(lambda: yard.marked("started").total() >= 4)
    worker.terminate()
    assert worker.wait(20) == 0
    assert yard.marked("started") == yard.marked("done")
    assert yard.count("owners") == 0
    assert yard.count("ready") == 12 - yard.marked("done").total()
