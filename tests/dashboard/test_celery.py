import subprocess
import sys

import pytest

STARTED = """
import os
from celery.signals import worker_init
from dashboard.celery import app
os.nice({before})
worker_init.send(sender=app)
print(os.nice(0))
"""


@pytest.mark.parametrize(("before", "after"), [(0, 5), (3, 5), (9, 9)])
@pytest.mark.parametrize("leads_a_session", [True, False])
def test_worker_gives_way_to_pages_once_it_starts(before: int, after: int, *, leads_a_session: bool) -> None:
    command = [sys.executable, "-c", STARTED.format(before=before)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=leads_a_session)
    assert int(told.stdout) == after
