"""Production refuses to start with anything of local mode, and says everything that is wrong at once."""

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

pytestmark = pytest.mark.anywhere
ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DASHBOARD_MODE": "production",
    "SECRET_KEY": "kK8w!q2Zr5_vN1xT7bY4mC9dF6gH3jL0pS-aE%uRiOoPlMnBvCxZ",
    "TOKEN_KEYS": f"k1:{base64.b64encode(bytes(range(32))).decode()}",
    "DATABASE_URL": "postgres://dashboard:x@db.internal/dashboard",
    "CELERY_BROKER_URL": "redis://queue.internal/0",
    "CACHE_URL": "rediscache://cache.internal/1",
    "EMAIL_URL": "smtp+tls://mail:x@mail.internal:587",
    "DASHBOARD_URL": "https://dashboard.example.com",
    "ALLOWED_HOSTS": "dashboard.example.com",
    "IMAGE_SKILL_API_BASE_URL": "https://api.example.com",
}


def start(tmp_path: Path, changes: dict[str, str | None], code: str = "import django; django.setup()") -> str:
    """Start with these settings and return what the start complains of; empty when it goes well."""
    environment = {**PRODUCTION, "PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "var"), **changes}
    environment["DJANGO_SETTINGS_MODULE"] = "dashboard.settings"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return run.stderr if run.returncode else ""


def test_complete_production_settings_start(tmp_path: Path) -> None:
    assert start(tmp_path, {}) == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DEBUG": "1"}, "DEBUG exists in local mode alone."),
        ({"DEMO": "1"}, "DEMO exists in local mode alone."),
        ({"SECRET_KEY": None}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghij" * 6}, "SECRET_KEY must be set"),
        ({"TOKEN_KEYS": None}, "TOKEN_KEYS must hold the keys"),
        ({"TOKEN_KEYS": "k1:c2hvcnQ="}, "TOKEN_KEYS must be a list"),
        ({"DATABASE_URL": None}, "DATABASE_URL must name a PostgreSQL"),
        ({"DATABASE_URL": "sqlite:////tmp/x.sqlite3"}, "DATABASE_URL must name a PostgreSQL"),
        ({"CELERY_BROKER_URL": None}, "CELERY_BROKER_URL must name Redis"),
        ({"CACHE_URL": None}, "CACHE_URL must name a cache"),
        ({"EMAIL_URL": None}, "EMAIL_URL must name an SMTP"),
        ({"DASHBOARD_URL": "http://dashboard.example.com"}, "DASHBOARD_URL must be an https"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must list"),
        ({"IMAGE_SKILL_API_BASE_URL": None}, "IMAGE_SKILL_API_BASE_URL must be an https address"),
        ({"IMAGE_SKILL_API_BASE_URL": "http://api.example.com"}, "IMAGE_SKILL_API_BASE_URL must be an https address"),
        ({"IMAGE_SKILL_API_BASE_URL": "https://api.example.com/v1"}, "must be scheme, host and port alone"),
        ({"IMAGE_SKILL_OPERATOR_KEY": "canary"}, "IMAGE_SKILL_OPERATOR_KEY must be set together."),
        (
            {"IMAGE_SKILL_OPERATOR_BASE_URL": "https://operator.example.com", "IMAGE_SKILL_OPERATOR_KEY": "a b"},
            "IMAGE_SKILL_OPERATOR_KEY must be visible ASCII",
        ),
        ({"IMAGE_SKILL_OPERATOR_BASE_URL": "https://operator.example.com"}, "must be set together."),
        (
            {"IMAGE_SKILL_OPERATOR_BASE_URL": "http://operator.example.com", "IMAGE_SKILL_OPERATOR_KEY": "canary"},
            "IMAGE_SKILL_OPERATOR_BASE_URL must be an https address",
        ),
        ({"STRIPE_API_KEY": "pk_live_published"}, "STRIPE_API_KEY must be a secret or restricted key"),
        ({"STRIPE_API_BASE": "http://stripe.example.com"}, "STRIPE_API_BASE must be an https address"),
        ({"STRIPE_WEBHOOK_SECRETS": "canary"}, "STRIPE_WEBHOOK_SECRETS must be signing secrets"),
        ({"STRIPE_WEBHOOK_KEPT_DAYS": "0"}, "STRIPE_WEBHOOK_KEPT_DAYS must be 1 or more"),
        ({"BILLING_GRACE_MINUTES": "-1"}, "must be 0 or more"),
        ({"DASHBOARD_MODE": "staging"}, "DASHBOARD_MODE must be local or production"),
    ],
)
def test_production_refuses(changes: dict[str, str | None], sentence: str, tmp_path: Path) -> None:
    assert sentence in start(tmp_path, changes, "import dashboard.settings")


PRINT_OPERATOR = """
from django.conf import settings
raise SystemExit(f"{settings.IMAGE_SKILL_OPERATOR_BASE_URL} {len(settings.IMAGE_SKILL_OPERATOR_KEY)}")
"""
LOCAL = {**dict.fromkeys(PRODUCTION), "PORT": "8100"}


def test_only_our_own_sandbox_gets_an_operators_key_that_we_made(tmp_path: Path) -> None:
    assert start(tmp_path, LOCAL, PRINT_OPERATOR).split() == ["http://127.0.0.1:8001", "64"]
    assert (tmp_path / "var" / "keys" / "operator_key").stat().st_mode & 0o777 == 0o600
    real = {**LOCAL, "IMAGE_SKILL_API_BASE_URL": "https://api.example.com"}
    assert start(tmp_path, real, PRINT_OPERATOR).split() == ["0"]
    assert start(tmp_path, {}, PRINT_OPERATOR).split() == ["0"]


def test_the_operators_key_that_is_given_stays_with_its_own_address(tmp_path: Path) -> None:
    given = {"IMAGE_SKILL_OPERATOR_BASE_URL": "https://operator.example.com/", "IMAGE_SKILL_OPERATOR_KEY": "abc"}
    assert start(tmp_path, given, PRINT_OPERATOR).split() == ["https://operator.example.com", "3"]
    assert start(tmp_path, {**LOCAL, **given}, PRINT_OPERATOR).split() == ["https://operator.example.com", "3"]


def test_only_the_local_stripe_gets_a_key_that_we_made(tmp_path: Path) -> None:
    show = "from django.conf import settings as s; raise SystemExit(f'{s.STRIPE_API_BASE}|{s.STRIPE_API_KEY[:8]}')"
    assert start(tmp_path, LOCAL, show).strip() == "http://127.0.0.1:8001/stripe|sk_test_"
    assert start(tmp_path, {**LOCAL, "IMAGE_SKILL_API_BASE_URL": "http://127.0.0.1:9"}, show).strip() == "|"
    given = {**LOCAL, "STRIPE_API_KEY": "rk_test_given"}
    assert start(tmp_path, given, show).strip() == "|rk_test_"


def test_there_is_a_webhook_route_only_with_a_secret(tmp_path: Path) -> None:
    resolve = (
        "import django; django.setup(); from django.urls import is_valid_path;"
        "raise SystemExit(str(is_valid_path('/webhooks/stripe/') is not False))"
    )
    assert start(tmp_path, {}, resolve).strip() == "False"
    assert start(tmp_path, {"STRIPE_WEBHOOK_SECRETS": "whsec_a,whsec_b"}, resolve).strip() == "True"


@pytest.mark.parametrize(("changes", "threshold"), [({}, "3"), ({"DATABASE_PREPARES": "off"}, "None")])
def test_postgresql_plans_statements_once_but_behind_a_pooler_that_forgets(
    changes: dict[str, str | None], threshold: str, tmp_path: Path
) -> None:
    url = {"DATABASE_URL": "postgres://d:p@db.example.com/d?sslmode=require"}
    show = (
        "from django.conf import settings as s; o = s.DATABASES['default']['OPTIONS'];"
        "raise SystemExit(f\"{o['sslmode']} {o['server_side_binding']} {o['prepare_threshold']}\")"
    )
    assert start(tmp_path, {**url, **changes}, show).strip() == f"require True {threshold}"


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    said = start(tmp_path, {"DEBUG": "1", "CACHE_URL": None, "ALLOWED_HOSTS": None})
    assert {"DEBUG", "CACHE_URL", "ALLOWED_HOSTS"} <= set(said.replace("- ", "").split())


def test_production_has_no_sign_in_links_and_no_demo(tmp_path: Path) -> None:
    code = """
import django; django.setup()
from django.apps import apps
from django.urls import NoReverseMatch, reverse
assert not apps.is_installed("dashboard.local")
try:
    reverse("local:sign_in", args=["x"])
except NoReverseMatch:
    pass
else:
    raise SystemExit("a sign-in link exists")
"""
    assert start(tmp_path, {}, code) == ""


def test_production_makes_no_secret_of_its_own(tmp_path: Path) -> None:
    start(tmp_path, {})
    assert not (tmp_path / "var").exists()


def test_local_mode_keeps_its_secrets_to_its_owner(tmp_path: Path) -> None:
    nothing: dict[str, str | None] = dict.fromkeys(PRODUCTION)
    assert start(tmp_path, nothing) == ""
    keys = tmp_path / "var" / "keys"
    kept = {key.name: key.read_text() for key in keys.iterdir()}
    assert {key.stat().st_mode & 0o777 for key in keys.iterdir()} == {0o600}
    start(tmp_path, nothing)
    assert {key.name: key.read_text() for key in keys.iterdir()} == kept


def test_error_reports_carry_no_body_no_variable_and_no_person(tmp_path: Path) -> None:
    code = """
import django; django.setup()
import sentry_sdk
options = sentry_sdk.get_client().options
kept = (options["max_request_body_size"], options["include_local_variables"], options["send_default_pii"])
if kept != ("never", False, False):
    raise SystemExit(str(kept))
"""
    assert start(tmp_path, {"SENTRY_DSN": "https://key@errors.invalid/1"}, code) == ""


def test_production_takes_passkeys_from_its_own_https_origin_alone(tmp_path: Path) -> None:
    code = """
import django; django.setup()
from allauth.mfa import app_settings
assert not app_settings.WEBAUTHN_ALLOW_INSECURE_ORIGIN
assert app_settings.PASSKEY_LOGIN_ENABLED
"""
    assert start(tmp_path, {}, code) == ""


def test_stored_files_are_their_owners_alone(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    name = default_storage.save("pictures/one.webp", ContentFile(b"x"))
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / name, tmp_path / "pictures")] == [0o600, 0o700]


def test_file_from_a_bucket_waits_on_disk_and_not_in_memory(tmp_path: Path) -> None:
    show = (
        "import django; django.setup(); from django.core.files.storage import default_storage as s;"
        "raise SystemExit(f'{s.bucket_name} {s.max_memory_size}')"
    )
    assert start(tmp_path, {"STORAGE_BUCKET": "files"}, show).split() == ["files", str(4 << 20)]
