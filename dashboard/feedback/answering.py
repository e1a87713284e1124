"""Answering agents: the answer and one row a report first, then the calls; a task repeats what was not heard.

Another answer to the same report takes the row's place, and each call is one wish's: so the last answer holds,
whatever is lost or late. Image Skill shows it to the agent at its feedback's activity. Without the extension it is a
note.
"""

import uuid
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from api_client import ApiError, Conflict, Forbidden, InvalidRequest, NotFound
from dashboard.accounts.models import User
from dashboard.feedback.deciding import Pick, cluster_lock, touch
from dashboard.feedback.history import change_record
from dashboard.feedback.models import Answer, Change, Delivery
from dashboard.feedback.standing import cluster_reckon
from dashboard.lib.backoff import backoff
from dashboard.remote import has_operator, operator_client

log = structlog.get_logger(__name__)

CALL_SECONDS = 5.0
BUSY_FOR = timedelta(seconds=30)
RETRY_FIRST, RETRY_AT_MOST = timedelta(seconds=5), timedelta(minutes=15)
AT_ONCE = 50
# It understood, and will say the same again.
_FINAL = (Conflict, Forbidden, InvalidRequest, NotFound)


@transaction.atomic
def cluster_answer(pick: Pick, *, text: str, decision: str, url: str, user: User) -> Answer:
    """Answer every report of a cluster; raises Stale: whoever answers has read what the other one said."""
    cluster = cluster_lock(pick, user)
    now = timezone.now()
    answer = Answer.objects.create(
        cluster=cluster,
        author=user,
        text=text,
        decision=decision,
        url=url,
        at=now,
        is_deliverable=has_operator(),
    )
    if answer.is_deliverable:
        _wishes_save(answer, list(cluster.reports.values_list("pk", flat=True)), now)
        cluster.answered_at = cluster.tells_at = now
    touch(cluster)
    cluster_reckon(cluster, now=now)
    told = {"decision": decision, "deliverable": answer.is_deliverable, "answer": answer.pk}
    change_record(cluster, Change.Kind.ANSWERED, by=user, after=told)
    return answer


def answers_deliver() -> int:
    """Tell Image Skill every answer whose time has come; return how many are settled now."""
    if not has_operator():
        return 0
    due = _waiting(timezone.now()).order_by("not_before").values_list("pk", flat=True)[:AT_ONCE]
    return sum(answer_deliver(report_id) for report_id in list(due))


def answer_deliver(report_id: int) -> bool:
    """Tell one answer, outside any transaction, unless that is being done; True when it is settled."""
    now = timezone.now()
    mine = _waiting(now).filter(pk=report_id).update(busy_until=now + BUSY_FOR, tries=F("tries") + 1)
    client = operator_client(deadline_seconds=CALL_SECONDS) if mine else None
    if client is None:
        return False
    wish = Delivery.objects.select_related("answer", "report").get(pk=report_id)
    answer = wish.answer
    try:
        with client:
            client.feedback.answer(
                wish.report.remote_id, text=answer.text, decision=answer.decision or None, url=answer.url or None
            )
    except _FINAL as error:
        return _settle(wish, state=Delivery.State.REFUSED, problem=error.for_people[:254], ended_at=timezone.now())
    except ApiError as error:
        log.warning("feedback_answer_unheard", report_id=report_id, code=error.code, trace_id=error.trace_id)
        pause = backoff(wish.tries, first=RETRY_FIRST, most=RETRY_AT_MOST)
        wait = max(pause, timedelta(seconds=error.retry_after_seconds or 0))
        _settle(wish, not_before=now + wait, problem=error.for_people[:254])
        return False
    return _settle(wish, state=Delivery.State.DONE, problem="", ended_at=timezone.now())


def _wishes_save(answer: Answer, report_ids: list[int], now: datetime) -> None:
    fresh = [
        Delivery(report_id=one, answer=answer, ticket=uuid.uuid4(), not_before=now, state=Delivery.State.PENDING)
        for one in report_ids
    ]
    Delivery.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=["answer", "ticket", "state", "tries", "not_before", "ended_at", "problem"],
    )


def _waiting(now: datetime) -> QuerySet[Delivery]:
    pending = Delivery.objects.filter(state=Delivery.State.PENDING, not_before__lte=now)
    return pending.filter(Q(busy_until=None) | Q(busy_until__lte=now))


def _settle(wish: Delivery, **changes: object) -> bool:
    """End the call: False where another answer came meanwhile, which waits for its own call."""
    mine = Delivery.objects.filter(pk=wish.pk)
    if mine.filter(ticket=wish.ticket).update(busy_until=None, **changes):
        return True
    mine.update(busy_until=None)
    return False
