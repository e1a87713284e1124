"""The Celery application. Which broker it speaks to is a setting; the embedded one needs no service.

A request's id travels with the tasks that it queued, so that their log lines can be found together. On one machine,
work behind the pages gives way to them.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import before_task_publish, task_postrun, task_prerun, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

# Where a page wants the same processor, work behind it gets a quarter.
NICE = 5

app = Celery("dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def give_way(**_: object) -> None:
    """Leave the processor to the pages of this machine first; decoders that are started from here do so too."""
    os.nice(max(0, NICE - os.nice(0)))
    if os.getsid(0) == os.getpid():
        # Linux may weigh sessions, and processes within one alone: sched(7), "The autogroup feature".
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")


@before_task_publish.connect
def request_id_send(headers: dict[str, Any], **_: object) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if request_id:
        headers["request_id"] = request_id


@task_prerun.connect
def request_id_take(task: Task[..., Any], **_: object) -> None:
    request_id = task.request.get("request_id")
    structlog.contextvars.bind_contextvars(task=task.name, **({"request_id": request_id} if request_id else {}))


@task_postrun.connect
def request_id_drop(**_: object) -> None:
    structlog.contextvars.clear_contextvars()
