"""What is measured: people, agents, a ledger of a given length and its purchases; the same but for the last moment."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.db.models import Model

from dashboard.accounts.models import Membership, PlatformRole, Role, User, Workspace
from dashboard.activity.models import Event
from dashboard.activity.rollup_sql import rollups_rebuild
from dashboard.agents.models import Agent, Claim, QuotaSnapshot
from dashboard.freshness.models import Stream, SyncCursor
from tools.bench.assets import fill_assets
from tools.bench.desk import fill_desk
from tools.bench.feedback import fill_feedback
from tools.bench.purchases import fill_purchases, readings

DAYS = 90
WORKSPACES = 100
AGENTS = 1_000
# Of the agents and of the events; the rest is shared out evenly.
LARGEST_SHARE = 0.4
BATCH = 50_000
# A purchase for so many events, but no more than the full size asks for.
EVENTS_A_PURCHASE, MOST_PURCHASES = 10, 100_000
FEWEST_READINGS, EVENTS_A_READING = 40, 10_000
EVENTS_A_REPORT, FEWEST_REPORTS, MOST_REPORTS = 50, 100, 20_000
EVENTS_A_ASSET, FEWEST_ASSETS, MOST_ASSETS = 10, 1_000, 100_000
SPONSOR, DESK = "sponsor@bench.test", "desk@bench.test"
CAPABILITIES = tuple(
    f"is.{one}.v1" for one in ("image.generate.a", "image.generate.b", "image.edit.a", "video.generate.a")
)
# Weight, type, operation, subject, summary.
KINDS = (
    (30, "job.completed", "create", "job", "Image created"),
    (30, "asset.created", "create", "asset", "Generated asset stored"),
    (28, "usage.credit_consumed", "create", "usage", "Credits consumed"),
    (7, "job.planned", "create", "job", "Plan made"),
    (2, "feedback.created", "feedback", "feedback", "Feedback recorded"),
    (2, "payment.checkout_session.created", "payment", "payment", "Checkout opened"),
    (1, "credits.payment_backed_granted", "payment", "payment", "Credits added"),
)


def fill(events: int) -> None:
    """Write everything into an empty, migrated database."""
    rng, ends_at = random.Random(1), datetime.now(UTC).replace(microsecond=0)  # noqa: S311 - a play, not a secret
    span: dict[str, Any] = {"begins_at": ends_at - timedelta(days=DAYS), "ends_at": ends_at}
    with transaction.atomic():
        claims = _people(rng, ends_at)
        write_rows(Event, _events(rng, claims, count=events, ends_at=ends_at))
        rollups_rebuild()
        bought = min(events // EVENTS_A_PURCHASE, MOST_PURCHASES)
        fill_purchases(claims, User.objects.get(email=SPONSOR), count=bought, **span)
        fill_desk()
        fill_assets(claims, count=min(max(events // EVENTS_A_ASSET, FEWEST_ASSETS), MOST_ASSETS), **span)
        fill_feedback(claims, count=min(max(events // EVENTS_A_REPORT, FEWEST_REPORTS), MOST_REPORTS), **span)
        each = max(events // EVENTS_A_READING, FEWEST_READINGS)
        write_rows(QuotaSnapshot, readings(claims, each=each, **span))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def _people(rng: random.Random, now: datetime) -> list[Claim]:
    """A sponsor who holds the largest workspace and two others, a platform person, and every agent's claim."""
    sponsor = User.objects.create_user(SPONSOR, name="Ana Sponsor")
    EmailAddress.objects.create(user=sponsor, email=SPONSOR, verified=True, primary=True)
    User.objects.create_user(DESK, name="Bea Desk", platform_roles=[role.value for role in PlatformRole])
    workspaces = Workspace.objects.bulk_create(
        Workspace(key=f"bench{number:05}", name=f"Studio {number}") for number in range(WORKSPACES)
    )
    Membership.objects.bulk_create(
        Membership(workspace=workspace, user=sponsor, role=Role.OWNER) for workspace in workspaces[:3]
    )
    agents = Agent.objects.bulk_create(_agent(rng, number, now) for number in range(AGENTS))
    SyncCursor.objects.bulk_create(
        SyncCursor(stream=Stream.AGENT, subject_id=agent.pk, due_at=now, synced_at=now) for agent in agents
    )
    return Claim.objects.bulk_create(
        Claim(
            workspace=workspaces[0] if number < AGENTS * LARGEST_SHARE else workspaces[1 + number % (WORKSPACES - 1)],
            agent=agent,
            claimed_by=sponsor,
            claimed_at=now - timedelta(days=DAYS),
        )
        for number, agent in enumerate(agents)
    )


def _agent(rng: random.Random, number: int, now: datetime) -> Agent:
    return Agent(
        remote_id=f"agt_{rng.getrandbits(64):016x}",
        organization_id=f"org_{rng.getrandbits(64):016x}",
        name=f"render-bot-{number}",
        runtime="claude-code",
        registered_at=now - timedelta(days=DAYS),
        claim_state="claimed",
        token_status="active",  # noqa: S106 - a state
        identity_at=now,
        free_credits=rng.randrange(40),
        paid_credits=rng.randrange(2_000),
        free_credits_per_day=40,
        daily_jobs_limit=100,
        daily_jobs_used=20,
        daily_jobs_remaining=80,
        resets_at=now + timedelta(hours=6),
        quota_at=now,
    )


def _events(rng: random.Random, claims: Sequence[Claim], *, count: int, ends_at: datetime) -> Iterator[tuple[Any, ...]]:
    """Rows of the ledger in time's order."""
    weights = [weight for weight, *_ in KINDS]
    starts_at, step = ends_at - timedelta(days=DAYS), timedelta(days=DAYS) / count
    details = json.dumps({"model_id": "fal.flux-dev", "provider": "fal", "pricing_confidence": "documented"})
    as_database_takes = connection.ops.adapt_datetimefield_value
    for number in range(count):
        claim, at = rng.choice(claims), starts_at + step * (number + 1)
        _, kind, operation, subject, summary = rng.choices(KINDS, weights)[0]
        name = f"{rng.getrandbits(96):024x}"
        delta = -rng.randrange(1, 40) if kind == "usage.credit_consumed" else None
        at_kept = as_database_takes(at)
        job = f"job_{name}" if operation == "create" else ""
        yield (
            *(claim.agent_id, claim.workspace_id, f"evt_{name}", kind, at_kept, summary, operation, "completed"),
            *(subject, f"{subject}_{name}", f"trace_{name}", job, rng.choice(CAPABILITIES) if job else ""),
            *(delta, delta and -delta * 10_000, json.dumps({"job_id": job}), details, None, at_kept),
        )


def write_rows(model: type[Model], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows of every column but the number, in the model's order, as quickly as the database takes them."""
    meta = model._meta  # noqa: SLF001 - Django's documented way to a model's columns
    columns = [str(field.column) for field in meta.concrete_fields if not field.primary_key]
    names, rows = ", ".join(columns), iter(rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {meta.db_table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        insert = f"INSERT INTO {meta.db_table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(insert, batch)
