"""The Celery application. Which broker it speaks to is a setting; the embedded one needs no service.

A request's id travels with the tasks that it queued, so that their log lines can be found together.
"""

import os
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import before_task_publish, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("dashboard")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


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
