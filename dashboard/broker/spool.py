"""A queue made of files, for several processes of one machine (Linux, macOS; a local disk).

A message is one file, and where the file lies says what becomes of it::

    drafts/         being written; nobody looks here
    ready/NAME      may be taken
    owners/ID/NAME  taken by the process that holds the flock on owners/ID/lock
    broken/NAME     could not be read, or outlived too many takers: kept for a person to look at

Every step is one rename, which happens wholly or not at all, and which only one of several takers wins. The
kernel drops a flock when its process ends in whatever way, so that what a killed owner held is found and made
ready again: a message is delivered at least once, and twice only when a taker died or gave it back.

Nothing is synced to disk: after a power cut the queue may have lost its newest messages. It is only a wake-up
call; the record of work is in the database, whose sweep enqueues again.
"""

import fcntl
import logging
import os
import re
import shutil
import time
import uuid
from collections import deque
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

RECLAIM_SECONDS = 2.0
DRAFT_SECONDS = 3600.0
# A message that ends its worker each time (out of memory, a crash in C) must not do so for ever.
DEATHS_MAX = 10

_QUEUE_RE = re.compile(r"[A-Za-z0-9@_.-]{1,150}")
_NAME_RE = re.compile(r"(?P<rank>\d{20}-[0-9a-f]{32})-(?P<deaths>\d+)\.(?P<queue>.+)")


class Spool:
    """The folders of one broker (0700) and the messages in them (0600). To take messages, be an `Owner`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.drafts = root / "drafts"
        self.ready = root / "ready"
        self.owners = root / "owners"
        self.broken = root / "broken"

    def prepare(self) -> None:
        """Make the folders. Raises OSError where that is impossible."""
        for folder in (self.root, self.drafts, self.ready, self.owners, self.broken):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)

    def put(self, queue: str, content: bytes) -> None:
        """Add a message at the end. Raises ValueError for a queue name unfit for a file name, and OSError."""
        if not _QUEUE_RE.fullmatch(queue):
            raise ValueError(f"A queue's name is made of letters, digits and @ _ . - only: {queue!r}")
        name = f"{time.time_ns():020d}-{uuid.uuid4().hex}-0.{queue}"
        draft = self.drafts / name
        try:
            with open(draft, "xb", opener=_private) as file:
                file.write(content)
            draft.rename(self.ready / name)
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def names(self, queue: str) -> list[str]:
        """What is ready in the queue, oldest first."""
        with os.scandir(self.ready) as entries:
            matches = [_NAME_RE.fullmatch(entry.name) for entry in entries]
        return sorted(match[0] for match in matches if match and match["queue"] == queue)

    def purge(self, queue: str) -> int:
        """Delete what is ready in the queue; gives the count. What is taken meanwhile by others is theirs."""
        count = 0
        for name in self.names(queue):
            with suppress(FileNotFoundError):
                (self.ready / name).unlink()
                count += 1
        return count

    def give_back(self, held: Path) -> None:
        """Make a taken message ready again, in its old place. Raises FileNotFoundError when it is done."""
        held.rename(self.ready / held.name)

    def set_aside(self, held: Path, reason: str) -> None:
        """Keep the file of a message that cannot be worked on, and say so, but not what it contains."""
        held.rename(self.broken / held.name)
        log.error("A queued message %s; it was moved to %s", reason, self.broken / held.name)

    def reclaim(self) -> None:
        """Give back what owners held who are no more, and clear away drafts nobody finished."""
        for folder in _children(self.owners):
            self._reclaim_owner(folder)
        for draft in _children(self.drafts):
            with suppress(FileNotFoundError):
                if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
                    shutil.rmtree(draft) if draft.is_dir() else draft.unlink()

    def _reclaim_owner(self, folder: Path) -> None:
        try:
            lock = os.open(folder / "lock", os.O_RDWR)
        except FileNotFoundError:
            # Whoever cleared this folder was stopped just before its end.
            with suppress(OSError):
                folder.rmdir()
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            # Another may have cleared it between our open and our lock: then there is nothing left to move.
            for held in _children(folder):
                self._retry(held)
            _remove_owner(folder)
        finally:
            os.close(lock)

    def _retry(self, held: Path) -> None:
        found = _NAME_RE.fullmatch(held.name)
        if found is None:
            return
        deaths = int(found["deaths"]) + 1
        if deaths >= DEATHS_MAX:
            self.set_aside(held, f"was in the hands of {deaths} workers that died")
        else:
            held.rename(self.ready / f"{found['rank']}-{deaths}.{found['queue']}")


class Owner:
    """One taker of messages. A file in its folder is its own: it deletes what is done, or gives it back."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._backlog: dict[str, deque[str]] = {}
        self._reclaim_at = 0.0
        # The lock is held before the folder can be seen, so that no living owner ever looks dead.
        draft = spool.drafts / uuid.uuid4().hex
        draft.mkdir(mode=0o700)
        self._lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.folder = spool.owners / draft.name
        draft.rename(self.folder)

    def take(self, queue: str) -> Path | None:
        """Take the oldest message ready in the queue, or None. Raises OSError when the spool is gone."""
        self._reclaim_when_due()
        backlog = self._backlog.setdefault(queue, deque())
        if not backlog:
            backlog.extend(self._spool.names(queue))
        while backlog:
            name = backlog.popleft()
            # Not found: another took it, which is how a race is meant to end.
            with suppress(FileNotFoundError):
                return (self._spool.ready / name).rename(self.folder / name)
        return None

    def close(self) -> None:
        """Give back everything still held, and be gone."""
        for held in _children(self.folder):
            if _NAME_RE.fullmatch(held.name):
                # Not found: another thread finished it just now.
                with suppress(FileNotFoundError):
                    self._spool.give_back(held)
        _remove_owner(self.folder)
        os.close(self._lock)

    def _reclaim_when_due(self) -> None:
        now = time.monotonic()
        if now >= self._reclaim_at:
            self._reclaim_at = now + RECLAIM_SECONDS
            self._spool.reclaim()


def _remove_owner(folder: Path) -> None:
    with suppress(OSError):
        (folder / "lock").unlink()
        folder.rmdir()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []
