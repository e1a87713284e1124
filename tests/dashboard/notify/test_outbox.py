"""The outbox: a mail is a row first, goes out once, and says what became of it."""

from datetime import UTC, datetime, timedelta
from smtplib import SMTPException
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from dashboard.notify.models import OutboxMail
from dashboard.notify.services import MAX_ATTEMPTS, mail_send, mail_send_due

pytestmark = pytest.mark.django_db


class Broken(BaseEmailBackend):
    """An SMTP server that is away."""

    def send_messages(self, email_messages: Any) -> int:  # noqa: ARG002 - Django's signature
        raise SMTPException("away")


class Choosy(BaseEmailBackend):
    """A way out that cannot even write down one of the addresses."""

    def send_messages(self, email_messages: Any) -> int:
        if email_messages[0].to == ["ana@example.com"]:
            raise UnicodeError("label too long")
        mail.outbox.extend(email_messages)
        return len(email_messages)


@pytest.fixture
def waiting() -> OutboxMail:
    return OutboxMail.objects.create(
        to="ana@example.com",
        subject="Hello",
        text="Text",
        html="<p>Text</p>",
        dedupe_key="k",
        not_before=timezone.now(),
    )


def test_mail_goes_out_once(waiting: OutboxMail) -> None:
    assert mail_send_due() == 1
    assert mail_send_due() == 0
    assert [message.subject for message in mail.outbox] == ["Hello"]


def test_mail_that_somebody_else_is_sending_is_left_alone(waiting: OutboxMail) -> None:
    OutboxMail.objects.update(not_before=timezone.now() + timedelta(minutes=1))
    assert not mail_send(waiting.pk)
    assert mail.outbox == []


def test_failed_mail_is_tried_again_later_and_given_up_in_the_end(waiting: OutboxMail, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    later = datetime.now(UTC)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with time_machine.travel(later):
            assert mail_send_due() == 0
        waiting.refresh_from_db()
        assert waiting.attempts == attempt
        later += timedelta(hours=3)
    assert waiting.given_up_at is not None
    assert waiting.last_error == "SMTPException"
    with time_machine.travel(later):
        assert mail_send_due() == 0
    waiting.refresh_from_db()
    assert waiting.attempts == MAX_ATTEMPTS


def test_mail_that_cannot_be_sent_at_all_holds_up_no_other_and_is_given_up(waiting: OutboxMail, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Choosy"
    OutboxMail.objects.create(
        to="ben@example.com", subject="Hello", text="Text", dedupe_key="l", not_before=timezone.now()
    )
    assert mail_send_due() == 1
    assert [message.to for message in mail.outbox] == [["ben@example.com"]]
    OutboxMail.objects.filter(pk=waiting.pk).update(attempts=MAX_ATTEMPTS - 1, not_before=timezone.now())
    assert mail_send_due() == 0
    waiting.refresh_from_db()
    assert waiting.given_up_at is not None
    assert waiting.last_error == "UnicodeError"
