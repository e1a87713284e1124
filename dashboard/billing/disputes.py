"""Answering a dispute: a draft that several may write at, handed in once, and reminders of its deadline.

Handing in is saved with its key before Stripe hears of it. An unclear outcome is asked again with the same keys, and
Stripe's own count of what was handed in decides whether it had heard us.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from dashboard.accounts.models import PlatformRole, User
from dashboard.accounts.selectors import platform_holder_list
from dashboard.audit.services import audit_record
from dashboard.billing import apply, facts
from dashboard.billing.access import StripeTrouble, is_live, may, stripe_client, stripe_told
from dashboard.billing.evidence import FIELDS, MOST_OF_ALL, evidence_paper, evidence_texts
from dashboard.billing.models import DisputeAnswer, StripeDispute
from dashboard.credits.pdf import paper_pdf
from dashboard.lib.backoff import backoff
from dashboard.notify.services import mail_queue

log = structlog.get_logger(__name__)

State = DisputeAnswer.State
ANSWERABLE = ("needs_response", "warning_needs_response")
REMINDERS = {"7 days": timedelta(days=7), "2 days": timedelta(days=2), "24 hours": timedelta(hours=24)}
BUSY_FOR = timedelta(minutes=2)
BACKOFF_FIRST, BACKOFF_MOST = timedelta(seconds=5), timedelta(minutes=15)
AT_ONCE = 20
NO_RIGHT = "The Stripe key that is configured may not answer disputes. Hand the PDF in at Stripe's own dashboard."
OVER = "Stripe takes no evidence for this dispute any more."
HANDED_IN = "This answer has been handed in: it cannot be changed."
OTHER_VERSION = "Somebody else has changed this answer meanwhile. Yours is below, theirs is kept: look at both."
TOO_LONG = f"All texts together may have {MOST_OF_ALL:,} characters."
OTHER_MODE = "This dispute is of Stripe's other mode than the key that is configured."


class AnswerRefused(Exception):
    """Nothing was written or handed in; the sentence is for whoever pressed."""


def answer_get(dispute: StripeDispute) -> DisputeAnswer:
    """Return the answer to a dispute; before anybody wrote one, an unsaved draft gathered from our rows."""
    known = DisputeAnswer.objects.filter(dispute=dispute).first()
    return known or DisputeAnswer(dispute=dispute, version=0, texts=evidence_texts(dispute), written_at=timezone.now())


def answer_save(
    *, dispute: StripeDispute, texts: Mapping[str, str], has_file: bool, version: int, user: User
) -> DisputeAnswer:
    """Save a draft that was begun from `version`; raises AnswerRefused."""
    if sum(map(len, texts.values())) > MOST_OF_ALL:
        raise AnswerRefused(TOO_LONG)
    with transaction.atomic():
        answer = _locked(dispute)
        if not answer.is_draft:
            raise AnswerRefused(HANDED_IN)
        if answer.version != version:
            raise AnswerRefused(OTHER_VERSION)
        answer.texts = {name: texts.get(name, "") for name in FIELDS}
        answer.has_file, answer.version = has_file, version + 1
        answer.written_by, answer.written_at, answer.problem = user, timezone.now(), ""
        answer.save()
        lengths = {name: len(text) for name, text in answer.texts.items() if text}
        _audit("dispute.answer_written", answer, user, {"version": answer.version, "characters": lengths})
    return answer


def answer_submit(*, dispute: StripeDispute, version: int, user: User) -> DisputeAnswer:
    """Hand in just the version that was seen, once; returns the answer as it is then. Raises AnswerRefused."""
    if dispute.livemode != is_live():
        raise AnswerRefused(OTHER_MODE)
    if not may("dispute_write"):
        raise AnswerRefused(NO_RIGHT)
    with transaction.atomic():
        answer, now = _locked(dispute), timezone.now()
        if not answer.is_draft:
            raise AnswerRefused(HANDED_IN)
        if answer.version != version:
            raise AnswerRefused(OTHER_VERSION)
        if dispute.status not in ANSWERABLE:
            raise AnswerRefused(OVER)
        answer.state, answer.sent_by, answer.sent_at, answer.not_before = State.SENDING, user, now, now
        answer.save()
        _audit("dispute.answer_sent", answer, user, {"version": version, "has_file": answer.has_file})
    return answer_carry_out(answer.pk)


def answers_carry_out() -> int:
    """Hand in what waits for it; returns how many were tried."""
    due = _due().order_by("not_before").values_list("pk", flat=True)[:AT_ONCE]
    return len([answer_carry_out(pk) for pk in list(due)])


def answer_carry_out(answer_id: int) -> DisputeAnswer:
    """Hand one answer in if it is its turn, outside any transaction; returns it as it is then."""
    if _due().filter(pk=answer_id).update(not_before=timezone.now() + BUSY_FOR, tries=F("tries") + 1):
        answer = DisputeAnswer.objects.select_related("dispute", "sent_by").get(pk=answer_id)
        at = timezone.now()
        try:
            with stripe_told():
                told = _hand_in(answer)
        except StripeTrouble as trouble:
            _put_off(answer, trouble)
        else:
            with transaction.atomic():
                apply.dispute_apply(facts.dispute_seen(told), at=at)
                DisputeAnswer.objects.filter(pk=answer.pk, state=State.SENDING).update(state=State.SENT, problem="")
    return DisputeAnswer.objects.get(pk=answer_id)


def evidence_read(*, dispute: StripeDispute, user: User) -> bytes:
    """Return the PDF of the answer as it stands, and write down who looked."""
    answer = answer_get(dispute)
    _audit("dispute.evidence_read", answer, user, {"version": answer.version})
    return paper_pdf(evidence_paper(dispute, answer.texts))


def disputes_remind() -> int:
    """Tell the desk of each deadline that has come near, once a step and person; returns how many mails that were."""
    now = timezone.now()
    near = StripeDispute.objects.filter(status__in=ANSWERABLE, submissions=0, livemode=is_live())
    near = near.filter(due_at__gt=now, due_at__lte=now + max(REMINDERS.values()))
    people = platform_holder_list(PlatformRole.BILLING_ADMIN)
    return sum(_remind(dispute, people, now) for dispute in near)


def _remind(dispute: StripeDispute, people: list[User], now: datetime) -> int:
    """Send the closest step alone: whoever comes late gets one mail, not three."""
    left = (dispute.due_at or now) - now
    step = min((name for name, span in REMINDERS.items() if left <= span), key=lambda name: REMINDERS[name])
    for person in people:
        mail_queue(
            to=person.email,
            template="dispute_due",
            context={"dispute": dispute, "person": person, "step": step, "dashboard_url": settings.DASHBOARD_URL},
            dedupe_key=f"dispute_due:{dispute.dispute_id}:{step}:{person.pk}",
        )
    return len(people)


def _locked(dispute: StripeDispute) -> DisputeAnswer:
    """Return the answer under the dispute's lock, made from our rows where there is none."""
    StripeDispute.objects.select_for_update().get(pk=dispute.pk)
    return answer_get(dispute)


def _hand_in(answer: DisputeAnswer) -> facts.Object:
    v1: Any = stripe_client().v1
    dispute_id = answer.dispute.dispute_id
    if answer.tries > 1:
        told = v1.disputes.retrieve(dispute_id).to_dict()
        if told["evidence_details"]["submission_count"]:
            return told  # type: ignore[no-any-return]
    evidence = {name: text for name, text in answer.texts.items() if text}
    if answer.has_file:
        evidence["service_documentation"] = answer.file_id or _file_send(answer)
    params = {"evidence": evidence, "submit": True}
    sent = v1.disputes.update(dispute_id, params, {"idempotency_key": f"dashboard-evidence-{answer.key}"})
    return sent.to_dict()  # type: ignore[no-any-return]


def _file_send(answer: DisputeAnswer) -> str:
    held = BytesIO(paper_pdf(evidence_paper(answer.dispute, answer.texts)))
    held.name = "evidence.pdf"
    made = stripe_client().v1.files.create(
        {"purpose": "dispute_evidence", "file": held}, {"idempotency_key": f"dashboard-file-{answer.key}"}
    )
    DisputeAnswer.objects.filter(pk=answer.pk).update(file_id=made.id)
    return made.id


def _put_off(answer: DisputeAnswer, trouble: StripeTrouble) -> None:
    """Try again later what may have been heard; give the draft back where Stripe will not take it."""
    log.warning("evidence_not_sent", answer=str(answer.key), code=trouble.code, trace_id=trouble.trace_id)
    mine = DisputeAnswer.objects.filter(pk=answer.pk, state=State.SENDING)
    if trouble.is_passing:
        pause = backoff(answer.tries, first=BACKOFF_FIRST, most=BACKOFF_MOST)
        mine.update(not_before=timezone.now() + pause, problem=trouble.for_people[:254])
        return
    with transaction.atomic():
        # What is handed in next may differ, so it has keys of its own.
        anew: dict[str, object] = {"state": State.DRAFT, "tries": 0, "key": uuid.uuid4(), "file_id": ""}
        if mine.update(**anew, problem=trouble.for_people[:254]):
            _audit("dispute.answer_sent", answer, answer.sent_by, {}, refused=trouble.for_people)


def _due() -> QuerySet[DisputeAnswer]:
    return DisputeAnswer.objects.filter(state=State.SENDING, not_before__lte=timezone.now())


def _audit(
    action: str, answer: DisputeAnswer, user: User | None, after: Mapping[str, object], *, refused: str = ""
) -> None:
    chain = getattr(answer.dispute.payment, "chain", None)
    audit_record(
        action=action,
        actor=user,
        workspace_id=chain.workspace_id if chain else None,
        subject=("dispute", answer.dispute.dispute_id, answer.dispute.dispute_id),
        after=after,
        refused=refused,
    )
