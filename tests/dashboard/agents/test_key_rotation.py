"""Changing TOKEN_KEYS: all that is sealed is sealed anew while the service runs, and nothing is lost on the way."""

import base64
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, models
from django.utils import timezone

from dashboard.accounts.models import User, Workspace
from dashboard.agents.models import Agent, Claim, ClaimAttempt
from dashboard.agents.secrets import keyed_hash
from dashboard.agents.services import claim_confirm, claim_release
from dashboard.alerts.webhooks import webhook_save
from dashboard.audit.models import AuditEntry
from dashboard.lib.sealing import SealBroken, seal, sealed_columns, sealed_key_id, unseal
from dashboard.remote import client_for
from tests.dashboard.accounts.ways_in import enrol_totp, person_with_password, sign_in

ROOT = Path(__file__).resolve().parents[3]
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEYS = {"k2": NEW, "k1": OLD}
PHRASE = "ABC234"
MANY = int(os.environ.get("ROTATION_TOKENS", "10000"))
KILLS = int(os.environ.get("ROTATION_KILLS", "2"))


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.TOKEN_KEYS = {"k1": OLD}


def token(number: int) -> str:
    return f"isk_planted_{number:06}_{'x' * 24}"


@pytest.fixture
def hold(workspace: Workspace, owner: User) -> Callable[[int], list[Claim]]:
    """Return a function that makes so many claims, each with a token of its own sealed with the key that seals now."""

    def make(number: int) -> list[Claim]:
        agents = Agent.objects.bulk_create(
            Agent(remote_id=f"agt_{row:06}", organization_id=f"org_{row:06}") for row in range(number)
        )
        claims = [Claim(workspace=workspace, agent=one, claimed_by=owner, claimed_at=timezone.now()) for one in agents]
        for row, claim in enumerate(claims):
            claim.token_sealed = seal(token(row), identity=claim.seal_identity)
        return Claim.objects.bulk_create(claims)

    return make


def presented(claim: Claim, user: User, secret: str) -> ClaimAttempt:
    """Return a ceremony in which the agent of a claim has answered with a token, as attempt_present leaves it."""
    ClaimAttempt.objects.filter(workspace=claim.workspace, started_by=user).delete()
    attempt = ClaimAttempt(
        workspace=claim.workspace,
        started_by=user,
        state=ClaimAttempt.State.PRESENTED,
        code_hash=keyed_hash(secret),
        phrase_hash=keyed_hash(PHRASE),
        expires_at=timezone.now() + timedelta(minutes=10),
        remote_id=claim.agent.remote_id,
        organization_id=claim.agent.organization_id,
    )
    attempt.token_sealed = seal(secret, identity=attempt.seal_identity)
    attempt.save()
    return attempt


def opened(claim: Claim) -> str:
    return unseal(claim.token_sealed, identity=claim.seal_identity)


def rotate(*options: str) -> str:
    out = StringIO()
    call_command("rotate_token_keys", *options, stdout=out)
    return out.getvalue()


def database_url() -> str:
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(at['NAME']).resolve()}"
    # A server of the tests' own is reached by a socket in a folder, and has no password.
    host = f"/{at['HOST']}" if at["HOST"].startswith("/") else f"{at['HOST']}:{at['PORT'] or 5432}"
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{host}/{at['NAME']}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts the command as an operator would; its output and logs gather in one file."""
    keys = ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in KEYS.items())
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
        "TOKEN_KEYS": keys,
        "LOG_LEVEL": "DEBUG",
    }
    started: list[subprocess.Popen[bytes]] = []

    def run() -> subprocess.Popen[bytes]:
        with (tmp_path / "said").open("ab") as said:
            command = [sys.executable, "manage.py", "rotate_token_keys"]
            started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def resealed_count() -> int:
    return Claim.objects.filter(token_sealed__startswith="1.k2.").count()


class Traffic(threading.Thread):
    """Owners who re-link and unclaim agents, some served by a process that still seals with the old key."""

    def __init__(self, claims: list[Claim], owner: User) -> None:
        super().__init__()
        self.claims, self.owner = claims, owner
        self.expected: dict[int, str | None] = {claim.pk: token(row) for row, claim in enumerate(claims)}
        self.over = threading.Event()
        self.failures: list[Exception] = []
        self.acts = 0

    def run(self) -> None:
        choose = random.Random(4)  # noqa: S311 - a repeatable choice, no secret
        left = list(self.claims)
        try:
            # A breath between acts: SQLite's lock is fair to nobody, and people press no faster.
            while not self.over.wait(0.01):
                claim = left[choose.randrange(len(left))]
                if choose.random() < 0.5:
                    left.remove(claim)
                    claim_release(claim=claim, user=self.owner)
                    self.expected[claim.pk] = None
                else:
                    secret = f"isk_planted_again_{self.acts:06}"
                    attempt = presented(claim, self.owner, secret)
                    claim_confirm(attempt=attempt, user=self.owner, phrase=PHRASE, warn_credits_per_day=None)
                    self.expected[claim.pk] = secret
                self.acts += 1
        except Exception as error:  # noqa: BLE001 - the test looks at what was raised
            self.failures.append(error)
        finally:
            connection.close()


@pytest.mark.django_db(transaction=True)
def test_every_token_outlives_kills_under_traffic(
    hold: Callable[[int], list[Claim]], owner: User, start: Callable[[], Any], settings: Any, tmp_path: Path
) -> None:
    # Not restarted with the new order yet: it opens both, and still seals with the old one.
    settings.TOKEN_KEYS = {"k1": OLD, "k2": NEW}
    traffic = Traffic(hold(MANY), owner)
    traffic.start()
    try:
        for _ in range(KILLS):
            begun, process = resealed_count(), start()
            while resealed_count() < begun + MANY // (10 * KILLS):
                assert process.poll() is None, "it ended before it could be killed"
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            assert 0 < resealed_count() < MANY - traffic.acts, "the kill came midway"
        twice = [start(), start()]
        assert [process.wait(timeout=300) for process in twice] == [0, 0]
    finally:
        traffic.over.set()
        traffic.join()
    assert traffic.failures == []
    assert traffic.acts > 20
    # What processes of the old settings sealed after the last run is what another run is for.
    assert start().wait(timeout=300) == 0
    settings.TOKEN_KEYS = {"k2": NEW}
    kept = {claim.pk: opened(claim) if claim.token_sealed else None for claim in Claim.objects.all()}
    assert kept == traffic.expected
    held_by_attempts = ClaimAttempt.objects.exclude(token_sealed="")
    assert {sealed_key_id(one.token_sealed) for one in held_by_attempts} <= {"k2"}
    said = (tmp_path / "said").read_text()
    assert "sealed anew" in said
    assert "isk_planted" not in said
    assert not any(key in said for key in (base64.b64encode(OLD).decode(), base64.b64encode(NEW).decode()))


@pytest.mark.django_db
def test_open_attempts_are_sealed_anew_too_and_a_second_run_finds_nothing(
    hold: Callable[[int], list[Claim]], owner: User, settings: Any
) -> None:
    (claim,) = hold(1)
    attempt = presented(claim, owner, "isk_planted_attempt")
    settings.TOKEN_KEYS = KEYS
    assert "2 sealed anew" in rotate()
    after = {row.pk: row.token_sealed for row in Claim.objects.all()}
    assert "0 sealed anew" in rotate()
    assert {row.pk: row.token_sealed for row in Claim.objects.all()} == after, "a second run rewrites nothing"
    settings.TOKEN_KEYS = {"k2": NEW}
    attempt.refresh_from_db()
    assert unseal(attempt.token_sealed, identity=attempt.seal_identity) == "isk_planted_attempt"
    entry = AuditEntry.objects.get(action="token_keys.rotated")
    assert (entry.before, entry.after) == (
        {"tokens_by_key": {"k1": 2}},
        {"tokens_by_key": {"k2": 2}, "resealed": 2, "left": 0},
    )


@pytest.mark.django_db
def test_tokens_swapped_between_rows_are_refused_named_and_left(
    hold: Callable[[int], list[Claim]], settings: Any
) -> None:
    one, other, sound = hold(3)
    one.token_sealed, other.token_sealed = other.token_sealed, one.token_sealed
    one.save()
    other.save()
    settings.TOKEN_KEYS = KEYS
    with pytest.raises(SealBroken):
        client_for(one, deadline_seconds=1)
    out = StringIO()
    with pytest.raises(CommandError, match="2 open with no key"):
        call_command("rotate_token_keys", stdout=out)
    assert f"claim {one.pk}: opens with no key" in out.getvalue()
    assert f"claim {other.pk}: opens with no key" in out.getvalue()
    assert "isk_planted" not in out.getvalue()
    for claim, expected in ((one, one.token_sealed), (other, other.token_sealed)):
        claim.refresh_from_db()
        assert claim.token_sealed == expected
    sound.refresh_from_db()
    assert opened(sound) == token(2)


@pytest.mark.django_db
def test_check_tells_which_key_holds_how_many_and_changes_nothing(
    hold: Callable[[int], list[Claim]], settings: Any
) -> None:
    claims = hold(3)
    Claim.objects.filter(pk=claims[0].pk).update(token_sealed="1.k0.lost")
    settings.TOKEN_KEYS = {**KEYS, "k3": bytes(32)}
    kept = list(Claim.objects.order_by("pk").values_list("token_sealed", flat=True))
    assert rotate("--check").splitlines() == [
        "key k2: 0 rows (seals)",
        "key k1: 2 rows",
        "key k3: 0 rows (may be taken out)",
        "key k0: 1 rows (not in TOKEN_KEYS)",
    ]
    assert list(Claim.objects.order_by("pk").values_list("token_sealed", flat=True)) == kept
    assert not AuditEntry.objects.filter(action="token_keys.rotated").exists()


@pytest.mark.django_db
def test_key_ids_that_differ_in_case_are_different_keys(hold: Callable[[int], list[Claim]], settings: Any) -> None:
    (claim,) = hold(1)
    settings.TOKEN_KEYS = {"K1": NEW, "k1": OLD}
    assert "1 sealed anew" in rotate()
    claim.refresh_from_db()
    assert sealed_key_id(claim.token_sealed) == "K1"
    assert opened(claim) == token(0)


def sealed_places(key_id: str) -> set[tuple[str, str]]:
    """Return the model and field of every text or JSON of the whole database that holds what this key sealed."""
    return {
        (model._meta.label, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField | models.JSONField)
        for value in model._default_manager.values_list(field.name, flat=True)
        if f"1.{key_id}." in str(value)
    }


@pytest.mark.django_db
def test_no_sealed_text_of_the_whole_database_is_forgotten(
    hold: Callable[[int], list[Claim]], owner: User, settings: Any
) -> None:
    (claim,) = hold(1)
    presented(claim, owner, "isk_planted_attempt")
    enrol_totp(sign_in(person_with_password())[0])
    webhook_save(workspace=claim.workspace, url="https://hooks.example.com/", preset="balanced", actor=owner)
    # A column that is declared and not filled above fails here; what no column declares, `seal` refuses to seal.
    assert sealed_places("k1") == {(column.model, column.field) for column in sealed_columns()}
    settings.TOKEN_KEYS = KEYS
    assert "5 sealed anew" in rotate()
    assert sealed_places("k1") == set()
    assert sealed_places("k2") == {(column.model, column.field) for column in sealed_columns()}
