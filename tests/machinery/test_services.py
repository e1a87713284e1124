"""The servers of a test run: from where they are taken, and that nothing of them stays."""

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import redis

from tools import services as module
from tools.services import Kind, services
from tools.system import Trouble

HAS_PROGRAMS = bool(module.POSTGRESQL.programs() and module.REDIS.programs())


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL"):
        monkeypatch.delenv(name, raising=False)


def kind(*, programs: bool = False, shared: str | None = None, starts: Callable[[], str] = str) -> Kind:
    return Kind(
        name="Store",
        variable="STORE_URL",
        schemes=("store",),
        package="store-server",
        programs=lambda: Path("/bin") if programs else None,
        start=lambda _stack, _programs: starts(),
        shared=lambda: shared,
    )


def obtain(wanted: Kind) -> tuple[str, str]:
    with ExitStack() as stack:
        return module._obtain(wanted, stack)


@pytest.mark.skipif(not HAS_PROGRAMS, reason="PostgreSQL and Redis are not installed")
def test_private_servers_answer_and_leave_nothing() -> None:
    with ExitStack() as stack:
        servers = stack.enter_context(services())
        folder = Path(servers.env["DATABASE_URL"].partition("@/")[2]).parent
        connection = stack.enter_context(psycopg.connect(host=str(folder), dbname="postgres"))
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
        client = stack.enter_context(redis.Redis.from_url(servers.env["CELERY_BROKER_URL"]))
        assert client.ping()
        assert servers.origin == "a private PostgreSQL, a private Redis"
    with pytest.raises(redis.ConnectionError):
        client.ping()
    assert not folder.exists()


def test_server_that_the_environment_names_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_URL", "store://theirs/1")
    assert obtain(kind(programs=True)) == ("store://theirs/1", "Store of STORE_URL")
    # A value of another kind (SQLite, the embedded broker) names no server.
    monkeypatch.setenv("STORE_URL", "file:///somewhere")
    assert obtain(kind(shared="store://shared"))[0] == "store://shared"


def test_private_server_is_preferred_to_a_shared_one() -> None:
    assert obtain(kind(programs=True, shared="store://shared", starts=lambda: "store://own")) == (
        "store://own",
        "a private Store",
    )


def test_server_is_installed_only_when_none_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(module, "apt_install", lambda *packages: bool(asked.extend(packages)))
    assert obtain(kind(shared="store://shared")) == ("store://shared", "Store on loopback")
    assert asked == []
    with pytest.raises(Trouble, match="no Store: none is installed, none on loopback lets us in, and apt cannot"):
        obtain(kind())
    assert asked == ["store-server"]


def test_shared_redis_in_use_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.Redis, "dbsize", lambda _self: 3)
    assert module.REDIS.shared() is None


def test_program_that_does_not_start_is_a_clear_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\necho no memory left\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(module, "START_SECONDS", 0.3)
    with ExitStack() as stack, pytest.raises(Trouble, match=r"no Redis: it did not start: .*no memory left"):
        module.REDIS.start(stack, tmp_path)


def test_newest_postgresql_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("9.6", "15", "17"):
        programs = tmp_path / version / "bin"
        programs.mkdir(parents=True)
        if version != "9.6":
            (programs / "initdb").touch()
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(module, "POSTGRESQL_FOLDERS", (f"{tmp_path}{os.sep}*/bin",))
    assert module.POSTGRESQL.programs() == tmp_path / "17" / "bin"
