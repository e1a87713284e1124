"""Posting what is due to webhooks: claimed by a conditional update, sent with no transaction open, then settled.

A try that fails is repeated after a pause that doubles; `GIVE_UP_AFTER` after the first one it is given up, and stands
in the list with a button. A webhook that has failed for `DISABLE_AFTER` without a success is switched off, and its
workspace's owners get a mail.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from dashboard.accounts.selectors import owner_list
from dashboard.alerts.models import Delivery, Webhook
from dashboard.alerts.payloads import delivery_body, event_id
from dashboard.alerts.signing import HEADER, signature_header
from dashboard.audit.services import audit_record
from dashboard.lib.addresses import AddressRefused, target_of
from dashboard.lib.outbound import OutboundError, Reach, post
from dashboard.lib.sealing import SealBroken, unseal
from dashboard.notify.services import mail_name, mail_queue

log = structlog.get_logger(__name__)

POSTS_AT_ONCE = 20
POST_SECONDS = 5.0
# A sender that dies between claim and result leaves the row to the next one after this long.
CLAIM_FOR = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
DISABLE_AFTER = timedelta(days=3)
SWITCHED_OFF = "The webhook is switched off."


def posts_send_due() -> int:
    """Post what is due; return how many arrived. One that fails is not asked again in the same round."""
    due = Delivery.objects.filter(
        channel=Delivery.Channel.WEBHOOK, state=Delivery.State.WAITING, due_at__lte=timezone.now()
    )
    failed: set[int | None] = set()
    arrived = 0
    for pk, webhook_id in due.order_by("due_at", "pk").values_list("pk", "webhook_id")[:POSTS_AT_ONCE]:
        if webhook_id in failed:
            continue
        if post_send(pk):
            arrived += 1
        else:
            failed.add(webhook_id)
    return arrived


def post_send(delivery_id: int) -> bool:
    """Post one delivery unless another sender has it; True when it arrived."""
    now = timezone.now()
    waiting = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.WAITING, due_at__lte=now)
    mine = waiting.update(
        due_at=now + CLAIM_FOR, attempts=F("attempts") + 1, tried_since=Coalesce("tried_since", Value(now))
    )
    if not mine:
        return False
    joined = Delivery.objects.select_related(
        "webhook__workspace", "crossing__alert__workspace", "crossing__alert__agent"
    )
    delivery = joined.get(pk=delivery_id)
    problem = _post(delivery)
    with transaction.atomic():
        _settle(delivery, problem, timezone.now())
    return not problem


def webhook_post(webhook: Webhook, body: bytes, *, name: str) -> str:
    """Sign and send a body with no transaction open; return what went wrong in a sentence, empty where nothing did."""
    at = int(timezone.now().timestamp())
    try:
        secret = unseal(webhook.secret_sealed, identity=webhook.seal_identity)
        headers = {
            "Content-Type": "application/json",
            "Dashboard-Event-Id": name,
            HEADER: signature_header(secret, body, at=at),
        }
        reply = post(webhook.url, content=body, headers=headers, reach=webhook_reach(webhook.url), seconds=POST_SECONDS)
    except SealBroken:
        log.warning("webhook_seal_broken", webhook_id=webhook.pk)
        return "Its secret does not open: make a new one."
    except OutboundError as error:
        return str(error)
    return "" if 200 <= reply.status < 300 else f"It answered {reply.status}."


def webhook_reach(url: str) -> Reach:
    """Return where a webhook may lead: to public https addresses; in local mode to this machine too."""
    if not settings.IS_LOCAL:
        return Reach()
    try:
        target = target_of(url)
    except AddressRefused:
        return Reach()
    return Reach(private_origins=[f"{target.scheme}://{target.host_header}"], is_https_only=False)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many failed tries."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(FIRST_PAUSE * int(2**doublings), LONGEST_PAUSE)


def _post(delivery: Delivery) -> str:
    if delivery.webhook is None or delivery.webhook.disabled_at:
        return SWITCHED_OFF
    body = delivery_body(delivery)
    if body is None:
        return "Of a kind that is not known any more."
    return webhook_post(delivery.webhook, body, name=event_id(delivery.crossing))


def _settle(delivery: Delivery, problem: str, now: datetime) -> None:
    held, hooks = Delivery.objects.filter(pk=delivery.pk), Webhook.objects.filter(deliveries=delivery)
    if not problem:
        held.update(state=Delivery.State.SENT, ended_at=now, problem="")
        hooks.update(succeeded_at=now, failing_since=None)
        return
    log.info("webhook_failed", webhook_id=delivery.webhook_id, attempt=delivery.attempts)
    since = delivery.tried_since or now
    if problem == SWITCHED_OFF or now - since >= GIVE_UP_AFTER:
        held.update(state=Delivery.State.GIVEN_UP, ended_at=now, problem=problem[:254])
    else:
        held.update(due_at=now + pause_after(delivery.attempts), problem=problem[:254])
    hooks.filter(failing_since=None, disabled_at=None).update(failing_since=now)
    if delivery.webhook and hooks.filter(disabled_at=None, failing_since__lte=now - DISABLE_AFTER).exists():
        _disable(delivery.webhook, now)


def _disable(webhook: Webhook, now: datetime) -> None:
    """Switch a webhook off, and tell the owners; of two senders one does."""
    if not Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(disabled_at=now):
        return
    waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
    waiting.update(state=Delivery.State.GIVEN_UP, ended_at=now, problem=SWITCHED_OFF)
    workspace = webhook.workspace
    audit_record(
        action="alerts.webhook_disabled",
        actor=None,
        workspace_id=workspace.pk,
        subject=("webhook", str(webhook.seal_id), webhook.url),
    )
    path = reverse("alerts:webhook", args=[workspace.key])
    for owner in owner_list(workspace):
        mail_queue(
            to=owner.email,
            template="alerts_webhook",
            context={
                "workspace": mail_name(workspace.name) or "a workspace",
                "days": DISABLE_AFTER.days,
                "url": settings.DASHBOARD_URL + path,
            },
            dedupe_key=f"alerts_webhook:{webhook.pk}:{now.isoformat()}:{owner.pk}",
        )
