"""Looking for clusters that are alike: each new one by itself, or, after a flood, all that wait in one walk.

What is found is a suggestion. Each cluster gets one at most, towards an older one, so that a thousand alike give a
thousand suggestions and not half a million.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Count, QuerySet
from django.utils import timezone

from dashboard.feedback.likeness import Facts, Key, Likeness, both_ends, facts_of, likest, rarest
from dashboard.feedback.models import Cluster, ClusterKey, Place, State, Suggestion

Name = ClusterKey.Name
COMPARED = (Name.SURFACE, Name.COMMAND, Name.ERROR, Name.DEDUPE, Name.WORD)
# From so many on, one walk over everything is cheaper than looking each up.
FLOOD = 300
BATCH = 2_000


def clusters_compare() -> int:
    """Look for likeness of all that wait for it; return how many suggestions were made."""
    waiting = Cluster.objects.filter(compared_at=None).order_by("pk")
    numbers = list(waiting.values_list("pk", flat=True)[:FLOOD])
    if len(numbers) >= FLOOD:
        return _compare_all()
    return sum(cluster_compare(number) for number in numbers)


def cluster_compare(number: int) -> bool:
    """Look for an older cluster that is like this one; True when one is suggested."""
    keys = list(ClusterKey.objects.filter(cluster=number, name__in=COMPARED).values_list("name", "value"))
    title = Cluster.objects.values_list("title", flat=True).get(pk=number)
    counts = _counts_of(keys, before=number)
    others: set[int] = set()
    for key in rarest(keys, lambda one: counts.get(one, 0)):
        others.update(both_ends(_numbers_of(key, before=number)))
    found = likest(facts_of(title, keys), _facts(_comparable().filter(pk__in=others)))
    _suggest([(number, found)] if found else [])
    Cluster.objects.filter(pk=number).update(compared_at=timezone.now())
    return found is not None


def _compare_all() -> int:
    """Walk all clusters from the oldest to the newest, with everything older at hand in memory."""
    facts, keys_by = _everything()
    waiting = set(Cluster.objects.filter(compared_at=None).values_list("pk", flat=True))
    postings: dict[Key, list[int]] = defaultdict(list)
    found: list[tuple[int, Likeness]] = []
    for number in sorted(facts):
        keys = keys_by[number]
        if number in waiting:
            others = {one for key in rarest(keys, lambda one: len(postings[one])) for one in both_ends(postings[key])}
            like = likest(facts[number], {other: facts[other] for other in others})
            found += [(number, like)] if like else []
        for key in keys:
            postings[key].append(number)
    _suggest(found)
    # None is younger than the youngest that was walked over: what came meanwhile waits for its own turn.
    Cluster.objects.filter(pk__lte=max(waiting, default=0), compared_at=None).update(compared_at=timezone.now())
    return len(found)


def _everything() -> tuple[dict[int, Facts], dict[int, list[Key]]]:
    keys: dict[int, list[Key]] = defaultdict(list)
    rows = ClusterKey.objects.filter(name__in=COMPARED).order_by().values_list("cluster_id", "name", "value")
    for number, name, value in rows.iterator(chunk_size=BATCH):
        keys[number].append((name, value))
    titles = _comparable().values_list("pk", "title")
    return {number: facts_of(title, keys[number]) for number, title in titles.iterator(chunk_size=BATCH)}, keys


def _comparable() -> QuerySet[Cluster]:
    return Cluster.objects.exclude(place=Place.MERGED).exclude(state=State.SPAM)


def _facts(clusters: QuerySet[Cluster]) -> dict[int, Facts]:
    titles = dict(clusters.values_list("pk", "title"))
    keys: dict[int, list[Key]] = defaultdict(list)
    rows = ClusterKey.objects.filter(cluster__in=titles, name__in=COMPARED).order_by()
    for number, name, value in rows.values_list("cluster_id", "name", "value"):
        keys[number].append((name, value))
    return {number: facts_of(title, keys[number]) for number, title in titles.items()}


def _counts_of(keys: Iterable[Key], *, before: int) -> dict[Key, int]:
    """Return how many older clusters have each key."""
    values = [value for _, value in keys]
    rows = ClusterKey.objects.filter(name__in=COMPARED, value__in=values, cluster__lt=before).order_by()
    return {(name, value): count for name, value, count in rows.values_list("name", "value").annotate(Count("pk"))}


def _numbers_of(key: Key, *, before: int) -> list[int]:
    older = ClusterKey.objects.filter(name=key[0], value=key[1], cluster__lt=before).order_by("cluster")
    return list(older.values_list("cluster", flat=True))


def _suggest(found: Iterable[tuple[int, Likeness]]) -> None:
    now = timezone.now()
    rows = [
        Suggestion(cluster_id=number, like_id=like.cluster, score=like.score, reasons=like.reasons, made_at=now)
        for number, like in found
    ]
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True, batch_size=BATCH)
