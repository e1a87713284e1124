"""What owners do with their workspace's webhook."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.alerts.models import Delivery, Webhook
from dashboard.alerts.payloads import TEST, trial_body
from dashboard.alerts.posting import SWITCHED_OFF, webhook_post
from dashboard.alerts.services import AlertsRefused
from dashboard.alerts.signing import secret_new
from dashboard.audit.services import audit_record
from dashboard.lib.sealing import seal

TESTED_AGAIN_AFTER = timedelta(seconds=10)
REMOVED = "The webhook was removed."


def webhook_save(*, workspace: Workspace, url: str, preset: str, actor: User) -> str | None:
    """Write down where alerts are posted, and switch it on; a first one gets a secret, returned this once."""
    with transaction.atomic():
        held = Webhook.objects.select_for_update().filter(workspace=workspace).first()
        before = _facts(held)
        hook = held or Webhook(workspace=workspace, made_by=actor, made_at=timezone.now())
        hook.url, hook.preset = url, preset
        hook.disabled_at = hook.failing_since = None
        secret = None if held else _secret_renew(hook)
        hook.save()
        _audit("alerts.webhook_saved", hook, actor, before=before, after=_facts(hook))
    return secret


def webhook_secret_renew(*, webhook: Webhook, actor: User) -> str:
    """Put a new secret in the old one's place, at once; it is returned this once."""
    with transaction.atomic():
        hook = Webhook.objects.select_for_update().get(pk=webhook.pk)
        secret = _secret_renew(hook)
        hook.save(update_fields=["secret_sealed"])
        _audit("alerts.webhook_secret_renewed", hook, actor)
    return secret


def webhook_remove(*, webhook: Webhook, actor: User) -> None:
    """Forget a webhook and its secret; what was posted stands in the list, what waited will not be sent."""
    with transaction.atomic():
        _audit("alerts.webhook_removed", webhook, actor, before=_facts(webhook))
        waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
        waiting.update(state=Delivery.State.DROPPED, ended_at=timezone.now(), problem=REMOVED)
        webhook.delete()


def webhook_test(*, webhook: Webhook) -> str:
    """Post a test now; return what went wrong in a sentence, or nothing. Raises AlertsRefused: too often."""
    now = timezone.now()
    rested = Q(tested_at=None) | Q(tested_at__lte=now - TESTED_AGAIN_AFTER)
    if not Webhook.objects.filter(rested, pk=webhook.pk).update(tested_at=now):
        raise AlertsRefused("It was tested just now. Wait some seconds.")
    if webhook.disabled_at:
        return SWITCHED_OFF
    problem = webhook_post(webhook, trial_body(webhook.workspace, at=now), name=TEST)
    if not problem:
        Webhook.objects.filter(pk=webhook.pk).update(succeeded_at=timezone.now(), failing_since=None)
    return problem


def waiting_count(webhook: Webhook) -> int:
    """Return how many messages wait to be posted."""
    return Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING).count()


def _secret_renew(hook: Webhook) -> str:
    secret = secret_new()
    hook.secret_sealed = seal(secret, identity=hook.seal_identity)
    return secret


def _facts(hook: Webhook | None) -> dict[str, object]:
    return {"url": hook.url, "preset": hook.preset, "switched_off": hook.disabled_at is not None} if hook else {}


def _audit(
    action: str,
    hook: Webhook,
    actor: User,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit_record(
        action=action,
        actor=actor,
        workspace_id=hook.workspace_id,
        subject=("webhook", str(hook.seal_id), hook.url),
        before=before,
        after=after,
    )
