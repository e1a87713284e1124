"""The supervisor over real small processes: what starts, what is shown, and that nothing is left running."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from dashboard.local import guard
from dashboard.local.supervisor import Console

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Run:
    """A supervisor in a process of its own, what it printed, and the processes it named."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def pids(self) -> list[int]:
        return [int(pid) for pid in re.findall(r"\| pid (\d+)", self.output)]

    def wait_for(self, text: str, count: int = 1) -> None:
        wait_until(lambda: self.output.count(text) >= count, lambda: self.output)

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def assert_nothing_left(self) -> None:
        assert self.pids, self.output
        wait_until(lambda: not any(map(is_running, self.pids)), lambda: f"{self.pids} are left\n{self.output}")


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        # An orphan that ended stays a zombie until the machine's first process cares for it.
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
    return False


def wait_until(condition: Callable[[], bool], explain: Callable[[], str], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    with ExitStack() as stack:

        def start(scenario: str) -> Run:
            log = tmp_path / "log"
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(HERE / "supervise.py"), scenario, str(tmp_path)],
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    cwd=tmp_path,
                    stdout=stack.enter_context(log.open("wb")),
                    stderr=subprocess.STDOUT,
                )
            )
            stack.callback(process.kill)
            return Run(process, log)

        yield start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_everything_warmly_and_leaves_nothing(supervise: Callable[[str], Run], number: int) -> None:
    run = supervise("plain")
    run.wait_for("| pid", 3)
    assert run.end(number) == 0
    assert "diligent | finished the work" in run.output
    assert run.output.count("\n") == len(run.output.splitlines())
    run.assert_nothing_left()


def test_each_line_says_where_it_comes_from(supervise: Callable[[str], Run]) -> None:
    run = supervise("plain")
    run.wait_for("| pid", 3)
    run.end(signal.SIGTERM)
    assert re.search(r"^sleeper  \| pid \d+$", run.output, re.MULTILINE)
    assert re.search(r"^parent   \| up$", run.output, re.MULTILINE)
    assert re.search(r"^run      \| Stopping", run.output, re.MULTILINE)


def test_process_that_ignores_the_request_is_killed_after_the_grace(supervise: Callable[[str], Run]) -> None:
    run = supervise("stubborn")
    run.wait_for("| pid", 2)
    assert run.end(signal.SIGTERM) == 0
    run.assert_nothing_left()


def test_second_interrupt_ends_the_wait(supervise: Callable[[str], Run]) -> None:
    run = supervise("very-stubborn")
    run.wait_for("| pid")
    run.process.send_signal(signal.SIGINT)
    run.wait_for("Stopping")
    assert run.end(signal.SIGINT) == 0
    run.assert_nothing_left()


def test_process_that_ends_is_started_again_without_what_it_left_behind(
    supervise: Callable[[str], Run],
) -> None:
    run = supervise("once")
    run.wait_for("| pid", 3)
    assert "once ended, with exit code 1. Starting it again." in run.output
    first, left_behind, second = run.pids
    assert [is_running(pid) for pid in (first, left_behind, second)] == [False, False, True]
    assert run.end(signal.SIGTERM) == 0
    run.assert_nothing_left()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads the process table from /proc")
def test_ended_process_is_no_zombie(supervise: Callable[[str], Run]) -> None:
    run = supervise("once")
    run.wait_for("| pid", 3)
    assert not Path(f"/proc/{run.pids[0]}").exists()


def test_process_that_will_not_stay_up_stops_the_system(supervise: Callable[[str], Run]) -> None:
    run = supervise("failing")
    assert run.process.wait(20) == 1
    assert run.output.count("failing | no luck") == 3
    assert run.output.count("failing will not stay up: it ended 3 times, with exit code 3. Stopping.") == 1
    run.assert_nothing_left()


def test_program_that_does_not_exist_stops_the_system(supervise: Callable[[str], Run]) -> None:
    run = supervise("missing")
    assert run.process.wait(20) == 1
    assert re.search(r"missing could not be started: .*no-such-program", run.output)
    assert "Traceback" not in run.output


def test_killed_supervisor_takes_its_processes_along(supervise: Callable[[str], Run]) -> None:
    run = supervise("plain")
    run.wait_for("| pid", 3)
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    run.assert_nothing_left()


def test_word_of_readiness_comes_when_every_process_is_ready(supervise: Callable[[str], Run]) -> None:
    run = supervise("ready")
    run.wait_for("everything is ready")
    run.wait_for("| pid")
    assert run.end(signal.SIGTERM) == 0


def test_failure_after_the_start_stops_the_system(supervise: Callable[[str], Run]) -> None:
    run = supervise("not-ready")
    assert run.process.wait(20) == 1
    assert "The start failed: the demo could not be filled. Stopping." in run.output


def test_environment_of_a_process_is_added_to_ours(supervise: Callable[[str], Run]) -> None:
    run = supervise("environment")
    run.wait_for("greeter | hello")
    assert run.end(signal.SIGTERM) == 0


def test_system_stops_when_nobody_reads_its_output_any_more(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, str(HERE / "supervise.py"), "failing", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) in {0, 1, 120}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_gets_colour_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = Terminal()
    Console(coloured, ["web", "worker"]).line("web", "hello")
    assert coloured.getvalue() == "\x1b[36mweb    |\x1b[0m hello\n"
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    Console(plain, ["web", "worker"]).line("web", "hello")
    assert plain.getvalue() == "web    | hello\n"


def test_guard_knows_what_still_runs() -> None:
    assert guard.groups_left(["+12\n", "+13\n", "-12\n", "+14\n", "-99\n"]) == {13, 14}
