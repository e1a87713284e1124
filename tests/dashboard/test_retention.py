"""What has ended is forgotten after its time, and nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.accounts.tasks import sessions_prune
from dashboard.agents.ceremony import attempt_start, attempts_prune
from dashboard.agents.models import ClaimAttempt
from dashboard.celery import app
from dashboard.notify.models import OutboxMail
from dashboard.notify.services import mail_prune, mail_send_due

pytestmark = pytest.mark.django_db
LATER = timedelta(days=31)


def test_claim_attempts_are_forgotten_a_month_after_their_end(workspace: Workspace, owner: User) -> None:
    attempt_start(workspace=workspace, user=owner)
    attempt_start(workspace=workspace, user=owner)
    assert attempts_prune() == 0
    with time_machine.travel(datetime.now(UTC) + LATER):
        assert attempts_prune() == 1
    assert ClaimAttempt.objects.get().state == "waiting"


def test_mails_are_forgotten_a_month_after_they_left() -> None:
    for key in ("left", "waiting"):
        OutboxMail.objects.create(to="a@example.com", subject=key, text="", dedupe_key=key, not_before=timezone.now())
    OutboxMail.objects.filter(subject="waiting").update(not_before=timezone.now() + timedelta(days=90))
    mail_send_due()
    assert mail_prune() == 0
    with time_machine.travel(datetime.now(UTC) + LATER):
        assert mail_prune() == 1
    assert OutboxMail.objects.get().subject == "waiting"


def test_ended_sessions_are_forgotten(owner: User) -> None:
    Browser().force_login(owner)
    sessions_prune()
    assert Session.objects.count() == 1
    with time_machine.travel(datetime.now(UTC) + LATER):
        sessions_prune()
    assert not Session.objects.exists()


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
