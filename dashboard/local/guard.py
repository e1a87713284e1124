"""Ends the processes of a supervisor that was killed before it could end them itself.

Run as a script of its own, outside the supervisor's session. Its standard input is a pipe whose other end
only the supervisor holds, and which tells the process groups that run: ``+GROUP`` and ``-GROUP``, one a line.
The end of the pipe is the end of the supervisor, however it came about; that works alike on Linux and macOS.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 10.0


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group (0 only asks); tells whether anybody was there to get it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS says "not permitted" of a group in which only zombies are left.
        return False
    return True


def groups_left(lines: Iterable[str]) -> set[int]:
    """Read to the pipe's end; gives the groups that were running then."""
    groups: set[int] = set()
    for line in lines:
        group = int(line)
        groups.add(group) if line.startswith("+") else groups.discard(-group)
    return groups


def end(groups: set[int], grace: float = GRACE_SECONDS) -> None:
    """Ask each group to stop, and kill what is left after the grace, in seconds."""
    deadline = time.monotonic() + grace
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


if __name__ == "__main__":
    # A Ctrl-C or a closed terminal is the supervisor's affair.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    end(groups_left(sys.stdin))
