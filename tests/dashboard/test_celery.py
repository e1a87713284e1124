"""Work behind the pages gives way to them: the worker as it starts, and the decoders that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.celery import NICE

STARTED = """
import os
from celery.signals import worker_init
from dashboard.celery import app
os.nice({before})
worker_init.send(sender=app)
print(os.nice(0))
"""
DECODING = """
import os
from celery.signals import worker_init
from dashboard.assets.decoding import _Process
from dashboard.celery import app
worker_init.send(sender=app)
decoder = _Process()
print(os.getsid(0) == os.getsid(decoder._process.pid), os.getpriority(os.PRIO_PROCESS, decoder._process.pid))
decoder.end()
"""
AUTOGROUP = Path("/proc/self/autogroup")


def told_by(script: str) -> str:
    """What a process of a session of its own prints."""
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True).stdout


@pytest.mark.parametrize("more", [0, 3, 9])
def test_worker_gives_way_to_pages_as_it_starts(more: int) -> None:
    before = min(os.nice(0) + more, 19)
    assert int(told_by(STARTED.format(before=more))) == max(before, NICE)


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system does not weigh sessions")
def test_session_that_a_worker_leads_gives_way_too() -> None:
    show = f"print(open({str(AUTOGROUP)!r}).read())"
    assert told_by(STARTED.format(before=0) + show).split()[-2:] == ["nice", str(NICE)]


def test_decoders_share_the_workers_session_and_its_weight() -> None:
    assert told_by(DECODING).split() == ["True", str(max(os.nice(0), NICE))]
