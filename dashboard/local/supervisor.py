"""Runs the processes of the one-command system side by side, and leaves none behind. Standard library only.

Each process has a session of its own, so that a Ctrl-C reaches the supervisor alone, which then stops
everything in order: TERM to every process group, ten seconds to finish what runs, KILL. A process that ends
is started again, later each time; one that will not stay up stops the whole system with one clear line.
Should the supervisor itself be killed, `dashboard.local.guard` ends the rest.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

from dashboard.local import guard

POLL_SECONDS = 0.1
# A process that lived at least this long did start; one that ended sooner three times in a row never will.
STARTED_SECONDS = 5.0
QUICK_DEATHS_MAX = 3
RESTART_SECONDS = 0.5

_COLOURS = (36, 33, 32, 35, 34, 31)


@dataclass(frozen=True, kw_only=True)
class Process:
    """What to run: `env` is added to the supervisor's own; `is_ready` is asked until it says yes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] | None = None


class Console:
    """Writes whole lines with the name of their origin before them, coloured on a terminal."""

    def __init__(self, stream: TextIO, names: Sequence[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._width = max(map(len, names))
        self._colours = dict(zip(names, _COLOURS * len(names), strict=False))
        self._has_colour = stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        prefix = f"{name:<{self._width}} |"
        if self._has_colour:
            prefix = f"\x1b[{self._colours.get(name, 1)}m{prefix}\x1b[0m"
        with self._lock:
            self._stream.write(f"{prefix} {text}\n")
            self._stream.flush()


class Child:
    """A process and its successors."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.quick_deaths = 0
        self.start_at = 0.0
        self._running: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0

    @property
    def group(self) -> int | None:
        """Its process group, while it runs or is not buried."""
        return self._running.pid if self._running else None

    def start(self) -> IO[bytes]:
        """Start it in a session of its own; gives its output. Raises OSError."""
        self._running = subprocess.Popen(  # noqa: S603 - what to run is written in our own code
            list(self.process.argv),
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.process.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._started_at = time.monotonic()
        assert self._running.stdout is not None  # noqa: S101 - a pipe was asked for
        return self._running.stdout

    def exit_code(self) -> int | None:
        """The exit code if it has just ended, negative for a signal; None while it runs."""
        return self._running.poll() if self._running else None

    def bury(self) -> None:
        """After its end: end what it left behind, and set the time of its next start."""
        if self._running is not None:
            # Nobody waits for those to go: an orphan stays a zombie for as long as the machine's first process likes.
            guard.signal_group(self._running.pid, signal.SIGKILL)
        self._running = None
        now = time.monotonic()
        self.quick_deaths = self.quick_deaths + 1 if now - self._started_at < STARTED_SECONDS else 0
        self.start_at = now + RESTART_SECONDS * 2**self.quick_deaths


class Supervisor:
    """`run()` starts everything, and returns when everything has ended. To be called in the main thread.

    Once every `is_ready` said yes, `on_ready` is called in a thread of its own; an exception in it stops the
    system.
    """

    def __init__(
        self,
        processes: Sequence[Process],
        *,
        on_ready: Callable[[], None] | None = None,
        stream: TextIO = sys.stdout,
        grace: float = guard.GRACE_SECONDS,
    ) -> None:
        self._children = [Child(process) for process in processes]
        self._console = Console(stream, ["run", *(process.name for process in processes)])
        self._on_ready = on_ready
        self._grace = grace
        self._stop = threading.Event()
        self._kill = threading.Event()
        self._exit_code = 0
        self._readers: list[threading.Thread] = []
        self._watch: IO[bytes] | None = None

    def run(self) -> int:
        """Blocks until a signal (INT, TERM, HUP) or a failure; 0 after a signal, 1 after a failure."""
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        previous = {number: signal.signal(number, self._on_signal) for number in signals}
        try:
            with subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", str(Path(guard.__file__))],
                stdin=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            ) as watch:
                self._watch = watch.stdin
                threading.Thread(target=self._announce, daemon=True).start()
                self._supervise()
                self._end_all()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return self._exit_code

    def stop(self, reason: str | None = None) -> None:
        """Stop everything; with a reason, as a failure. May be called from any thread, more than once."""
        if reason is not None and not self._stop.is_set():
            self._exit_code = 1
            self._say(reason)
        self._stop.set()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stop.is_set():
            self._kill.set()
        self._stop.set()

    def _say(self, text: str) -> None:
        self._write("run", text)

    def _write(self, name: str, text: str) -> None:
        try:
            self._console.line(name, text)
        except OSError:
            # Nobody reads any more (`make run | head`); children must still be able to write.
            self._stop.set()

    def _supervise(self) -> None:
        while not self._stop.is_set():
            for child in self._children:
                self._tend(child)
            self._stop.wait(POLL_SECONDS)

    def _tend(self, child: Child) -> None:
        if child.group is None:
            if time.monotonic() >= child.start_at:
                self._start(child)
            return
        code = child.exit_code()
        if code is None:
            return
        self._tell(f"-{child.group}")
        child.bury()
        name = child.process.name
        if child.quick_deaths >= QUICK_DEATHS_MAX:
            self.stop(f"{name} will not stay up: it ended {child.quick_deaths} times, {_ending(code)}. Stopping.")
        else:
            self._say(f"{name} ended, {_ending(code)}. Starting it again.")

    def _start(self, child: Child) -> None:
        name = child.process.name
        try:
            output = child.start()
        except OSError as error:
            self.stop(f"{name} could not be started: {error}. Stopping.")
            return
        self._tell(f"+{child.group}")
        reader = threading.Thread(target=self._relay, args=[name, output], daemon=True)
        reader.start()
        self._readers.append(reader)

    def _relay(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self._write(name, line.decode(errors="replace").rstrip("\r\n"))

    def _tell(self, line: str) -> None:
        if self._watch is not None:
            try:
                self._watch.write(f"{line}\n".encode())
            except BrokenPipeError:
                self.stop("The guard process was ended from outside. Stopping.")

    def _announce(self) -> None:
        try:
            for child in self._children:
                while child.process.is_ready is not None and not child.process.is_ready():
                    if self._stop.wait(POLL_SECONDS):
                        return
            if self._on_ready is not None:
                self._on_ready()
        except Exception as error:  # noqa: BLE001 - the thread's edge: a half-started system must not stay
            self.stop(f"The start failed: {error}. Stopping.")

    def _end_all(self) -> None:
        self._say("Stopping; what runs may finish. Ctrl-C again to end it at once.")
        deadline = time.monotonic() + self._grace
        self._signal_all(signal.SIGTERM)
        while self._is_any_left() and time.monotonic() < deadline and not self._kill.is_set():
            time.sleep(POLL_SECONDS)
        self._signal_all(signal.SIGKILL)
        while self._is_any_left():
            time.sleep(POLL_SECONDS)
        for reader in self._readers:
            reader.join(timeout=1)

    def _signal_all(self, number: int) -> None:
        for child in self._children:
            if child.group is not None:
                guard.signal_group(child.group, number)

    def _is_any_left(self) -> bool:
        for child in self._children:
            if child.exit_code() is not None:
                self._tell(f"-{child.group}")
                child.bury()
        return any(child.group is not None for child in self._children)


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
