"""The processes that decode untrusted files, and how we speak with them. See `dashboard/assets/decoder.py`."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue

DECODER = Path(__file__).with_name("decoder.py")
# The longest wait for an answer, on a machine that may be busy with other things: its own time is bounded far below.
WALL_SECONDS = 30.0
START_SECONDS = 30.0
MOST_ANSWER_BYTES = 16 * 1024 * 1024
# A process that has done this many files makes room for a fresh one: decoders leak.
FILES_A_PROCESS = 500


class CannotPreview(Exception):
    """Why there is no picture: `problem` is a word of the glossary "preview_problem"."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(f"{problem} {detail}".strip())
        self.problem = problem


@dataclass(frozen=True)
class Decoded:
    """What a file is (by its bytes), its size in pixels, upright, and its pictures as WebP, smallest first."""

    mime: str
    width: int
    height: int
    is_animated: bool
    duration_ms: int | None
    colour: str
    placeholder: str
    pictures: tuple[bytes, ...]


class _Process:
    """One decoder. After any trouble it is not used again."""

    def __init__(self) -> None:
        # No environment: it holds our secrets. Isolated: nothing from the folder it was started in is imported.
        self._process = subprocess.Popen(  # noqa: S603 - our own file, run by our own Python
            [sys.executable, "-I", str(DECODER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            bufsize=0,
            # Beyond a terminal's Ctrl-C; in the worker's session, whose low weight it shares.
            process_group=0,
        )
        self.files = 0
        self._rest = b""
        self._line(time.monotonic() + START_SECONDS)

    def ask(self, path: Path, widths: Sequence[int], *, ends_at: float) -> Decoded:
        """Raises CannotPreview; `is_usable` tells whether to ask again."""
        self.files += 1
        try:
            self._write(json.dumps({"path": str(path), "widths": list(widths)}).encode() + b"\n")
            found = json.loads(self._line(ends_at))
            pictures = tuple(self._bytes(size, ends_at) for size in found.pop("sizes"))
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            raise CannotPreview(self.end(), type(error).__name__) from None
        if "problem" in found:
            if found.get("is_last"):
                self.end()
            raise CannotPreview(found["problem"], found.get("detail", ""))
        return Decoded(pictures=pictures, **found)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def is_usable(self) -> bool:
        return self.files < FILES_A_PROCESS and self.is_alive

    @property
    def peak_bytes(self) -> int:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024

    def retire(self) -> None:
        """Let the process go: at the end of its input it ends by itself."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.end()

    def end(self) -> str:
        """End the process, and return the word for how it ended by itself."""
        try:
            code = self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            code = -signal.SIGPROF
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return "too_slow" if code == -signal.SIGPROF else "crashed"

    def _write(self, line: bytes) -> None:
        if self._process.stdin is None:
            raise BrokenPipeError
        self._process.stdin.write(line)

    def _line(self, ends_at: float) -> bytes:
        while b"\n" not in self._rest:
            self._more(ends_at)
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _bytes(self, size: int, ends_at: float) -> bytes:
        if not 0 < size <= MOST_ANSWER_BYTES:
            raise ValueError("no size of a small picture")
        while len(self._rest) < size:
            self._more(ends_at)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _more(self, ends_at: float) -> None:
        if self._process.stdout is None or len(self._rest) > MOST_ANSWER_BYTES:
            raise BrokenPipeError
        ready, _, _ = select.select([self._process.stdout], [], [], max(ends_at - time.monotonic(), 0))
        if not ready:
            raise TimeoutError
        chunk = os.read(self._process.stdout.fileno(), 1 << 16)
        if not chunk:
            raise BrokenPipeError
        self._rest += chunk


class Decoders:
    """At most `size` decoders, started when they are needed and kept; safe for many threads."""

    def __init__(self, size: int, *, wall_seconds: float = WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds
        self._idle: LifoQueue[_Process | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def decode(self, path: Path, widths: Sequence[int]) -> Decoded:
        """Decode a file; raises CannotPreview. Waits while all are busy."""
        process = self._idle.get()
        try:
            if process is None or not process.is_usable:
                process = _renewed(process)
            return process.ask(path, widths, ends_at=time.monotonic() + self._wall_seconds)
        finally:
            # One that has done its share waits too: whoever takes its place lets it go.
            self._idle.put(process if process is not None and process.is_alive else None)

    def peak_bytes(self) -> int:
        """Return the most memory that an idle decoder ever held (Linux), started if there is none: for the bench."""
        process = self._idle.get()
        if process is None:
            process = _Process()
        self._idle.put(process)
        return process.peak_bytes

    def close(self) -> None:
        """End those that are idle."""
        while not self._idle.empty():
            process = self._idle.get()
            if process is not None:
                process.retire()


def _renewed(process: _Process | None) -> _Process:
    if process is not None:
        process.retire()
    return _Process()


decoders = Decoders(os.cpu_count() or 1)
atexit.register(decoders.close)
