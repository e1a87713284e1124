"""Putting reports together and taking them apart; each that moves leaves a row, so that it can go back."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from dashboard.accounts.models import User
from dashboard.audit.services import audit_record
from dashboard.feedback.deciding import FeedbackRefused, Pick, clusters_lock, touch
from dashboard.feedback.decisions import state_kept
from dashboard.feedback.history import change_record
from dashboard.feedback.intake import intake_lock
from dashboard.feedback.keys import keys_renew
from dashboard.feedback.models import Change, Cluster, Move, Report, State, Suggestion
from dashboard.feedback.standing import cluster_reckon, cluster_regress_if_reported


@transaction.atomic
def clusters_merge(picks: Sequence[Pick], *, user: User, into: int | None = None, why: str = "") -> Cluster:
    """Put clusters into one, by default the oldest; the others become its duplicates. Raises Stale, FeedbackRefused."""
    intake_lock()
    held = clusters_lock(picks, user)
    target = held.pop(into if into is not None else min(held, default=0), None)
    if target is None or not held:
        raise FeedbackRefused("Choose two or more to merge.")
    if target.merged_into_id or any(one.merged_into_id for one in held.values()):
        raise FeedbackRefused("One of them is merged already.")
    press, reported_at, before = uuid4(), [], state_kept(target)
    touch(target)
    for source in held.values():
        reported_at += list(source.reports.filter(is_muted=False).values_list("created_at", flat=True))
        _swallow(source, target, user=user, why=why, press=press)
    target.is_private = target.is_private or any(one.is_private for one in held.values())
    cluster_regress_if_reported(target, reported_at)
    after = {**state_kept(target), "from": [source.label for source in held.values()]}
    change_record(target, Change.Kind.MERGED, by=user, why=why, before=before, after=after, press=press)
    cluster_settle(target)
    return target


@transaction.atomic
def reports_split(pick: Pick, *, report_ids: Sequence[int], user: User, why: str = "") -> Cluster:
    """Take some reports of a cluster into one of their own. Raises Stale, FeedbackRefused."""
    intake_lock()
    source = clusters_lock([pick], user)[pick.pk]
    chosen = list(source.reports.filter(pk__in=report_ids).order_by("pk"))
    if not chosen or not source.reports.exclude(pk__in=[report.pk for report in chosen]).exists():
        raise FeedbackRefused("Choose some of the reports, but not all of them.")
    touch(source)
    first = chosen[0]
    target = Cluster.objects.create(
        title=first.title,
        type=first.type,
        is_private=source.is_private,
        state=State.PRIVATE if source.is_private else State.TRIAGED,
        first_at=first.created_at,
        last_at=first.created_at,
        ranks_at=source.ranks_at,
        looked_at=source.looked_at,
        # Who split them off knows how alike they are.
        compared_at=timezone.now(),
    )
    press = uuid4()
    said = {"to": target.label, "reports": len(chosen)}
    change = change_record(source, Change.Kind.SPLIT, by=user, why=why, after=said, press=press)
    _reports_move(chosen, source, target, change)
    change_record(target, Change.Kind.ARRIVED, by=None, after={"split_from": source.label})
    for cluster in (source, target):
        cluster_settle(cluster)
    return target


@transaction.atomic
def suggestion_accept(suggestion_id: int, *, user: User) -> Cluster:
    """Merge what was found to be alike, as both stand now. Raises FeedbackRefused, and Stale where somebody decides."""
    found = Suggestion.objects.select_related("cluster", "like").filter(pk=suggestion_id, verdict="open").first()
    if found is None:
        raise FeedbackRefused("It is decided already.")
    # Of several in one press an earlier one may have merged the older side on: they all end in the same item.
    older = found.like.merged_into or found.like
    Suggestion.objects.filter(pk=found.pk).update(verdict=Suggestion.Verdict.ACCEPTED)
    picks = [Pick(one.pk, one.version) for one in (found.cluster, older)]
    return clusters_merge(picks, user=user, into=older.pk, why=f"Alike: {', '.join(found.reasons)}")


def suggestions_refuse(suggestions: Iterable[Suggestion], *, user: User) -> None:
    """Say that these are not alike; they are not suggested again."""
    with transaction.atomic():
        for one in suggestions:
            open_one = Suggestion.objects.filter(pk=one.pk, verdict=Suggestion.Verdict.OPEN)
            if open_one.update(verdict=Suggestion.Verdict.REFUSED):
                label = one.cluster.label
                after = {"not_like": one.like.label}
                audit_record(action="feedback.unlike", actor=user, subject=("feedback", label, label), after=after)


def cluster_settle(cluster: Cluster) -> None:
    """Bring everything that follows from a cluster's reports up to date after some came or went; saved."""
    keys_renew(cluster)
    cluster.proofs_open = cluster.proofs.filter(done_at=None).count()
    cluster_reckon(cluster, now=timezone.now())


def _swallow(source: Cluster, target: Cluster, *, user: User, why: str, press: UUID) -> None:
    before = state_kept(source)
    touch(source)
    source.state, source.decided_at, source.merged_into = State.DUPLICATE, timezone.now(), target
    source.tells_at = timezone.now()
    after = {**state_kept(source), "into": target.label}
    change = change_record(source, Change.Kind.MERGED, by=user, why=why, before=before, after=after, press=press)
    _reports_move(list(source.reports.order_by("pk")), source, target, change)
    # What looked like the one that is merged away looks like the one that it is merged into.
    of_source = Suggestion.objects.filter(like=source, verdict=Suggestion.Verdict.OPEN)
    known = list(Suggestion.objects.filter(like=target).values_list("cluster", flat=True))
    of_source.exclude(cluster__in=[target.pk, *known]).update(like=target)
    Suggestion.objects.filter(cluster=source, verdict=Suggestion.Verdict.OPEN).delete()
    Suggestion.objects.filter(like=source, verdict=Suggestion.Verdict.OPEN).delete()
    cluster_settle(source)


def _reports_move(reports: list[Report], source: Cluster, target: Cluster, change: Change) -> None:
    Move.objects.bulk_create([Move(change=change, report=one, source=source, target=target) for one in reports])
    Report.objects.filter(pk__in=[report.pk for report in reports]).update(cluster=target)
