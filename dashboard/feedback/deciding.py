"""The frame of every decision: one locked cluster, as the reviewer saw it, and one press.

A reviewer decides on what a page showed, so each change names the version that it was decided on; of two who decide at
once the second is told what the first did, and nothing of theirs is overwritten.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from dashboard.accounts.models import PlatformRole, User
from dashboard.feedback.models import Change, Cluster

# As long as a press can be taken back; sponsors are told afterwards.
UNDO_WITHIN = timedelta(minutes=10)
AT_ONCE = 200


class Pick(NamedTuple):
    """A cluster as a page showed it."""

    pk: int
    version: int


class Stale(Exception):
    """Somebody else was quicker; `change` is the last that happened to the cluster."""

    def __init__(self, cluster: Cluster, change: Change | None) -> None:
        super().__init__(cluster.label)
        self.cluster, self.change = cluster, change


class FeedbackRefused(Exception):
    """Nothing was changed; the sentence is for whoever asked."""


@dataclass
class Outcome:
    """What one press did: which clusters are changed, and of which somebody else was quicker."""

    done: list[Cluster] = field(default_factory=list)
    stale: list[Stale] = field(default_factory=list)


def sees_private(user: User) -> bool:
    return PlatformRole.SECURITY_REVIEWER in user.platform_roles


def clusters_seen_by(user: User) -> QuerySet[Cluster]:
    """Return the clusters that a reviewer may know of; for product reviewers alone."""
    return Cluster.objects.all() if sees_private(user) else Cluster.objects.filter(is_private=False)


def cluster_lock(pick: Pick, user: User) -> Cluster:
    """Return a cluster for changing, within a transaction; raises Stale, and DoesNotExist for what is private."""
    cluster = clusters_seen_by(user).select_for_update(of=("self",)).get(pk=pick.pk)
    if cluster.version != pick.version:
        raise Stale(cluster, cluster.changes.select_related("by").order_by("-pk").first())
    return cluster


def clusters_lock(picks: Sequence[Pick], user: User) -> dict[int, Cluster]:
    """Return several clusters for changing together, locked in their own order; raises as `cluster_lock`."""
    return {pick.pk: cluster_lock(pick, user) for pick in sorted(picks)}


def clusters_each(picks: Iterable[Pick], user: User, act: Callable[[Cluster], None]) -> Outcome:
    """Do the same to clusters one by one: each whole or not at all, whatever becomes of the others."""
    outcome = Outcome()
    for pick in sorted(set(picks))[:AT_ONCE]:
        try:
            with transaction.atomic():
                cluster = cluster_lock(pick, user)
                act(cluster)
        except Stale as stale:
            outcome.stale.append(stale)
        except Cluster.DoesNotExist:
            continue
        else:
            outcome.done.append(cluster)
    return outcome


def touch(cluster: Cluster) -> None:
    """Note that a person decides on a cluster: a new version, and the first look; not saved."""
    cluster.version += 1
    cluster.looked_at = cluster.looked_at or timezone.now()


def last_press(user: User) -> UUID | None:
    """Return the press of this person that can be taken back now; None: there is none."""
    since = timezone.now() - UNDO_WITHIN
    latest = Change.objects.filter(by=user, at__gte=since, press__isnull=False, undone_by=None)
    return latest.exclude(kind=Change.Kind.UNDONE).order_by("-pk").values_list("press", flat=True).first()
