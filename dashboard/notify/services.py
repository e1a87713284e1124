"""Queueing and sending mail. The row is the record of work; the task only makes it quicker."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone

from dashboard.notify.models import OutboxMail

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
MAILS_KEPT = timedelta(days=30)
MAX_NAME = 60
# A sender that dies between claim and result leaves the row to the next sweep after this long.
CLAIM_FOR = timedelta(minutes=2)

# Until when a mail has to wait, by the beginning of its `dedupe_key`: rooms above know what their readers want.
_waits: dict[str, Callable[[OutboxMail], datetime | None]] = {}


def mail_wait_add(beginning: str, wait: Callable[[OutboxMail], datetime | None]) -> None:
    """Have `wait` asked, at the moment of sending, until when a mail whose key begins so has to wait; None: it goes."""
    _waits[beginning] = wait


def mail_name(text: str) -> str:
    """Return a name that a person chose as a mail may carry it: one short line in which no program finds a link.

    Whoever chooses a name could otherwise have us send a text and an address of theirs to strangers.
    """
    visible = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    plain = re.sub(r"[/\\:@<>\[\]]+", " ", visible)
    # Letters that are not Latin write domains too, and so do other full stops than ours.
    words = re.sub(r"[.\u3002\uff0e\uff61](?=\S)", ". ", plain).split()
    return " ".join(words)[:MAX_NAME].strip()


def mail_queue(
    *,
    to: str,
    template: str,
    context: dict[str, object],
    dedupe_key: str,
    is_secret: bool = False,
    headers: dict[str, str] | None = None,
) -> OutboxMail:
    """Save a mail for sending after commit, once per `dedupe_key`; the text of a secret one is forgotten afterwards.

    `template` names a folder of templates/emails with subject.txt, body.txt and body.html; `headers` go out as given.
    """
    subject = " ".join(render_to_string(f"emails/{template}/subject.txt", context).split())
    mail, _ = OutboxMail.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "to": to,
            "subject": subject[:200],
            "text": render_to_string(f"emails/{template}/body.txt", context),
            "html": render_to_string(f"emails/{template}/body.html", context),
            "is_secret": is_secret,
            "headers": headers or {},
            "not_before": timezone.now(),
        },
    )
    return mail


def mail_send_again(mail_id: int) -> bool:
    """Have a mail that was given up tried again; False where there is none, or its text was forgotten."""
    given_up = OutboxMail.objects.filter(pk=mail_id, is_secret=False).exclude(given_up_at=None)
    return bool(given_up.update(given_up_at=None, attempts=0, last_error="", not_before=timezone.now()))


def mail_send_due(*, limit: int = 50) -> int:
    """Send every mail whose time has come; return how many went out."""
    waiting = OutboxMail.objects.filter(sent_at=None, given_up_at=None, not_before__lte=timezone.now())
    return sum(mail_send(mail_id) for mail_id in waiting.order_by("not_before").values_list("pk", flat=True)[:limit])


def mail_send(mail_id: int) -> bool:
    """Send one mail unless another sender has it; True when it went out."""
    now = timezone.now()
    mine = OutboxMail.objects.filter(pk=mail_id, sent_at=None, given_up_at=None, not_before__lte=now).update(
        not_before=now + CLAIM_FOR, attempts=F("attempts") + 1
    )
    if not mine:
        return False
    mail = OutboxMail.objects.get(pk=mail_id)
    if until := _waits_until(mail):
        OutboxMail.objects.filter(pk=mail_id).update(not_before=until, attempts=F("attempts") - 1)
        return False
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to], headers=mail.headers)
    message.attach_alternative(mail.html, "text/html")
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - a process edge: one mail must not hold up the others; logged below
        _postpone(mail, error)
        return False
    OutboxMail.objects.filter(pk=mail_id).update(sent_at=timezone.now(), last_error="", **_forgotten(mail))
    return True


def _waits_until(mail: OutboxMail) -> datetime | None:
    asked = (wait(mail) for beginning, wait in _waits.items() if mail.dedupe_key.startswith(beginning))
    return next((until for until in asked if until), None)


def _forgotten(mail: OutboxMail) -> dict[str, str]:
    return {"text": "", "html": ""} if mail.is_secret else {}


def _postpone(mail: OutboxMail, error: Exception) -> None:
    log.warning("mail_failed", mail_id=mail.pk, attempt=mail.attempts, error=type(error).__name__)
    mail.last_error = type(error).__name__
    if mail.attempts >= MAX_ATTEMPTS:
        mail.given_up_at = timezone.now()
        for name, nothing in _forgotten(mail).items():
            setattr(mail, name, nothing)
    else:
        mail.not_before = timezone.now() + timedelta(seconds=30 * 2**mail.attempts)
    mail.save(update_fields=["last_error", "given_up_at", "not_before", *_forgotten(mail)])


def mail_prune() -> int:
    """Forget the mails that left, or were given up, a month ago; return how many."""
    over = timezone.now() - MAILS_KEPT
    return OutboxMail.objects.filter(Q(sent_at__lte=over) | Q(given_up_at__lte=over)).delete()[0]
