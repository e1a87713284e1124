"""The reviewers' queue at its full size: so many reports of a thousand agents, most of them alone in their item."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from dashboard.agents.models import Claim
from dashboard.feedback.cited import words_of
from dashboard.feedback.models import Cluster, ClusterKey, ClusterText, Intake, Level, Report, State
from dashboard.feedback.weight import ranks_at

BATCH = 2_000
THINGS = ("seed", "ratio", "upload", "mask", "prompt", "quota", "token", "model", "video", "audio", "retry", "output")
FAULTS = ("ignored", "refused", "missing", "slow", "wrong", "lost", "doubled", "cut", "late", "unclear")
SURFACES, TYPES = ("cli", "api", "docs"), ("user_feedback", "bug", "idea")
# Two of three say what somebody said before.
REPEATED = 0.66


def fill_feedback(claims: Sequence[Claim], *, count: int, begins_at: datetime, ends_at: datetime) -> None:
    """Write so many items of one report each, spread over the span."""
    rng = random.Random(3)  # noqa: S311 - a play, not a secret
    step = (ends_at - begins_at) / count
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        moments = [begins_at + step * (number + 1) for number in numbers]
        made = [_cluster(rng, number, at) for number, at in zip(numbers, moments, strict=True)]
        clusters = Cluster.objects.bulk_create(made)
        _rest(rng, clusters, claims)
    Intake.objects.create(complete_at=ends_at, joined_at=ends_at)


def _title(rng: random.Random, number: int) -> str:
    said = random.Random(rng.randrange(number // 8 + 1) if rng.random() < REPEATED else -number)  # noqa: S311
    about = f"{said.choice(THINGS)} {said.choice(THINGS)} {said.choice(FAULTS)}"
    return f"{about} for case{said.randrange(5_000)} and kind{said.randrange(500)}"


def _cluster(rng: random.Random, number: int, at: datetime) -> Cluster:
    severity, confidence = rng.choice(Level.values), rng.choice((1, 2, 3))
    return Cluster(
        title=_title(rng, number),
        type=rng.choice(TYPES),
        state=State.NEW,
        severity=min(severity, Level.HIGH),
        said_severity=severity,
        confidence=confidence,
        report_count=1,
        agent_count=1,
        first_at=at,
        last_at=at,
        ranks_at=ranks_at(severity=min(severity, Level.HIGH), confidence=confidence, agents=1, last_at=at),
        # All but the newest have been looked at for likeness: what a desk that keeps up has to do is one.
        compared_at=at + timedelta(seconds=10),
    )


def _rest(rng: random.Random, clusters: Sequence[Cluster], claims: Sequence[Claim]) -> None:
    holders = [rng.choice(claims) for _ in clusters]
    Report.objects.bulk_create(map(_report, clusters, holders))
    keys = [key for cluster, claim in zip(clusters, holders, strict=True) for key in _keys(rng, cluster, claim)]
    ClusterKey.objects.bulk_create(keys, batch_size=BATCH)
    ClusterText.objects.bulk_create([ClusterText(cluster=one, text=one.title) for one in clusters])


def _report(cluster: Cluster, claim: Claim) -> Report:
    return Report(
        remote_id=f"sig_{cluster.pk:024x}",
        agent_remote_id=claim.agent.remote_id,
        workspace_id=claim.workspace_id,
        cluster=cluster,
        created_at=cluster.first_at,
        received_at=cluster.first_at,
        has_text=True,
        title=cluster.title,
        body="Two creates gave two different pictures.",
    )


def _keys(rng: random.Random, cluster: Cluster, claim: Claim) -> Iterator[ClusterKey]:
    name = ClusterKey.Name
    found = {(name.WORD, word) for word in words_of(cluster.title)}
    found |= {(name.AGENT, claim.agent.remote_id), (name.SURFACE, rng.choice(SURFACES))}
    found |= {(name.COMMAND, f"image-skill {rng.choice(THINGS)}"), (name.ERROR, f"{rng.choice(FAULTS).upper()}_ERROR")}
    return (ClusterKey(cluster=cluster, name=kind, value=value) for kind, value in sorted(found))
