"""The line of changes that operators follow; it lies below everything that changes something."""

from django.utils import timezone

from sandbox.models import Agent, Change
from sandbox.models.operator import ChangeKind


def note(agent: Agent, kind: ChangeKind, reference: str = "") -> None:
    """Says in the caller's transaction that something of this agent changed; the agent itself without a reference."""
    Change.objects.create(agent=agent, kind=kind, reference=reference or agent.pk, changed_at=timezone.now())
