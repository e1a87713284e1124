"""A Celery application over the embedded broker, run by tests in processes of its own.

``BROKER_FOLDER`` names the spool, ``MARKS_FOLDER`` gets one file per run of a task.
"""

import os
import time
import uuid
from pathlib import Path

from celery import Celery

from dashboard.broker import broker_url

app = Celery("broker_app", broker=broker_url(Path(os.environ["BROKER_FOLDER"])), set_as_current=False)
app.conf.update(
    broker_transport_options={"polling_interval": 0.05},
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)


@app.task(name="note")
def note(number: int, seconds: float = 0.0) -> None:
    folder = Path(os.environ["MARKS_FOLDER"])
    (folder / f"started-{number}-{uuid.uuid4().hex}").touch()
    time.sleep(seconds)
    (folder / f"done-{number}-{uuid.uuid4().hex}").touch()
