"""Settings by environment: sensible without any, and nonsense stops the start with one clear line."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from sandbox import env, settings

ROOT = Path(settings.__file__).parent.parent


def start(folder: Path, expression: str = "0", **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    code = f"from sandbox import settings as s; print({expression})"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | {"SANDBOX_DATA_DIR": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_fresh_folder_gets_a_key_that_only_its_owner_may_read(tmp_path: Path) -> None:
    keys = [start(tmp_path, "s.SECRET_KEY").stdout for _ in range(2)]
    assert keys[0] == keys[1]
    assert len(keys[0].strip()) >= 64
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_it_runs_without_any_service_and_binds_names_to_loopback(tmp_path: Path) -> None:
    shown = start(tmp_path, "s.DATABASES['default']['ENGINE'], s.DEBUG, s.ALLOWED_HOSTS, s.SANDBOX_PUBLIC_URL").stdout
    assert "sqlite3" in shown
    assert "False" in shown
    assert "['127.0.0.1', 'localhost', '[::1]']" in shown
    assert "http://127.0.0.1:8001" in shown


def test_postgresql_is_a_url_away(tmp_path: Path) -> None:
    url = "postgres://u:p@db.example:5432/sandbox"
    assert "postgresql" in start(tmp_path, "s.DATABASES['default']['ENGINE']", SANDBOX_DATABASE_URL=url).stdout


def test_the_public_address_follows_the_port_unless_it_is_named(tmp_path: Path) -> None:
    assert "http://127.0.0.1:8325" in start(tmp_path, "s.SANDBOX_PUBLIC_URL", SANDBOX_PORT="8325").stdout
    named = start(tmp_path, "s.SANDBOX_PUBLIC_URL", SANDBOX_PUBLIC_URL="https://sandbox.example/").stdout
    assert named.strip() == "https://sandbox.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX_PORT", "eighty"),
        ("SANDBOX_PORT", "0"),
        ("SANDBOX_PORT", "70000"),
        ("SANDBOX_FREE_CREDITS", "-1"),
        ("SANDBOX_FREE_CREDITS", "1.5"),
        ("SANDBOX_DAILY_JOBS", "many"),
        ("SANDBOX_QUOTE_MINUTES", "0"),
        ("SANDBOX_PUBLIC_URL", "ftp://example"),
        ("SANDBOX_PUBLIC_URL", "http://host/prefix"),
        ("SANDBOX_PUBLIC_URL", "http://user@host"),
        ("SANDBOX_SECRET_KEY", "short"),
        ("SANDBOX_DEBUG", "perhaps"),
        ("SANDBOX_CHECKOUT_MINUTES", "30"),
        ("SANDBOX_STRIPE_SECRET_KEY", "sk_live_never"),
        ("SANDBOX_STRIPE_STAND_IN_KEY", "guessed"),
        ("SANDBOX_STRIPE_WEBHOOK_URLS", "ftp://example/hook"),
        ("SANDBOX_PAYMENT_BACKED_STATE", "perhaps"),
    ],
)
def test_nonsense_stops_the_start_and_names_the_variable(tmp_path: Path, name: str, value: str) -> None:
    run = start(tmp_path, **{name: value})
    assert run.returncode != 0
    last = run.stderr.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert name in last


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = start(tmp_path / "file" / "below")
    assert "SANDBOX_DATA_DIR" in run.stderr.strip().splitlines()[-1]


def test_a_given_key_is_taken_and_nothing_is_written(tmp_path: Path) -> None:
    assert start(tmp_path, "s.SECRET_KEY", SANDBOX_SECRET_KEY="k" * 40).stdout.strip() == "k" * 40
    assert list(tmp_path.iterdir()) == []


def test_a_list_is_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_ALLOWED_HOSTS", " a.example, b.example ,")
    assert env.words("SANDBOX_ALLOWED_HOSTS", []) == ["a.example", "b.example"]


def test_a_huge_number_is_refused_without_reading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_DAILY_JOBS", "9" * 6000)
    with pytest.raises(ImproperlyConfigured):
        env.whole("SANDBOX_DAILY_JOBS", 4, low=0, high=10)


def test_every_setting_is_documented() -> None:
    used = set(re.findall(r'"(SANDBOX_[A-Z_]+)"', Path(settings.__file__).read_text()))
    documented = (ROOT / "docs" / "hosted-api.md").read_text()
    assert len(used) >= 12
    assert [name for name in sorted(used) if f"`{name}`" not in documented] == []


def test_no_cookie_middleware_and_no_session_app_is_installed() -> None:
    assert settings.INSTALLED_APPS == ["sandbox"]
    assert not any("session" in name.lower() or "csrf" in name.lower() for name in settings.MIDDLEWARE)
