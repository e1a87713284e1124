"""A PostgreSQL and a Redis for one test run.

Tried in turn: the one that the environment names; a private one in a temporary folder, where its programs are
installed; one that listens on loopback and lets us in; as root on Debian, one that apt installs. Whatever was
started is ended with the run.
"""

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import psycopg
import redis

from tools.system import Trouble, apt_install

POSTGRESQL_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
START_SECONDS = 30.0
# In a Redis that is somebody's own: the database least likely to be in use, taken only when empty.
SHARED_REDIS = "redis://127.0.0.1:6379/15"


@dataclass(frozen=True)
class Services:
    """What to add to the environment of tests, and where the servers come from, in words."""

    env: Mapping[str, str]
    origin: str


@dataclass(frozen=True)
class Kind:
    """A kind of server: each function gives a URL, or None where that way is closed."""

    name: str
    variable: str
    schemes: tuple[str, ...]
    package: str
    programs: Callable[[], Path | None]
    start: Callable[[ExitStack, Path], str]
    shared: Callable[[], str | None]


class Owner(NamedTuple):
    """Whom to run a program as; nobody else by default."""

    uid: int | None = None
    gid: int | None = None
    groups: list[int] | None = None


@contextmanager
def services() -> Iterator[Services]:
    """Both servers for as long as the block runs. Raises Trouble, with the reason, when one cannot be had."""
    with ExitStack() as stack:
        database, database_origin = _obtain(POSTGRESQL, stack)
        queue, queue_origin = _obtain(REDIS, stack)
        env = {"DATABASE_URL": database, "SANDBOX_DATABASE_URL": database}
        env |= {"CELERY_BROKER_URL": queue, "CACHE_URL": os.environ.get("CACHE_URL", queue)}
        yield Services(env, f"{database_origin}, {queue_origin}")


@contextmanager
def postgresql() -> Iterator[Services]:
    """The database alone, the same way. Raises Trouble."""
    with ExitStack() as stack:
        database, origin = _obtain(POSTGRESQL, stack)
        yield Services({"DATABASE_URL": database}, origin)


def _obtain(kind: Kind, stack: ExitStack) -> tuple[str, str]:
    named = os.environ.get(kind.variable, "")
    if named.startswith(kind.schemes):
        return named, f"{kind.name} of {kind.variable}"
    folder = kind.programs()
    if folder is None:
        shared = kind.shared()
        if shared is not None:
            return shared, f"{kind.name} on loopback"
        folder = kind.programs() if apt_install(kind.package) else None
    if folder is None:
        raise Trouble(f"no {kind.name}: none is installed, none on loopback lets us in, and apt cannot install it")
    return kind.start(stack, folder), f"a private {kind.name}"


def _postgresql_programs() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [folder for pattern in POSTGRESQL_FOLDERS for folder in Path("/").glob(pattern[1:])]
    return max((folder for folder in found if (folder / "initdb").exists()), key=_version, default=None)


def _version(folder: Path) -> int:
    digits = "".join(filter(str.isdigit, folder.parent.name))
    return int(digits or 0)


def _start_postgresql(stack: ExitStack, programs: Path) -> str:
    folder = _folder(stack)
    # PostgreSQL refuses root: then it runs as the user of Debian's package, or as nobody.
    owner = _unprivileged() if os.geteuid() == 0 else Owner()
    if owner.uid is not None:
        os.chown(folder, owner.uid, -1)
    user = getpass.getuser()
    data = folder / "data"
    init = [str(programs / "initdb"), "-D", str(data), "-U", user, "--auth=trust", "--encoding=UTF8"]
    done = subprocess.run(
        [*init, "--no-locale", "--no-sync"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=owner.uid,
        group=owner.gid,
        extra_groups=owner.groups,
    )
    if done.returncode != 0:
        raise Trouble(f"no PostgreSQL: initdb failed: {done.stderr.strip().splitlines()[-1:]}")
    # No port: the socket lies in a folder that only its owner may enter. Nothing here needs to survive a crash.
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # INT asks it for a fast end; TERM would wait for every client to leave.
    _start(stack, [str(programs / "postgres"), "-D", str(data), *options], folder, owner, ending=signal.SIGINT)
    url = f"postgres://{user}@/{folder}/dashboard"
    _wait("PostgreSQL", folder, lambda: _can_create_databases(host=str(folder), user=user))
    return url


def _shared_postgresql() -> str | None:
    user = getpass.getuser()
    return f"postgres://{user}@127.0.0.1:5432/dashboard" if _can_create_databases(host="127.0.0.1", user=user) else None


def _can_create_databases(*, host: str, user: str) -> bool:
    query = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    try:
        with psycopg.connect(host=host, user=user, dbname="postgres", connect_timeout=2) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return False
    return row is not None and bool(row[0])


def _redis_programs() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found).parent if found else None


def _start_redis(stack: ExitStack, programs: Path) -> str:
    folder = _folder(stack)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
    _start(stack, [str(programs / "redis-server"), *options], folder, Owner(), ending=signal.SIGTERM)
    url = f"redis://127.0.0.1:{port}/0"
    _wait("Redis", folder, lambda: _is_empty_redis(url))
    return url


def _shared_redis() -> str | None:
    return SHARED_REDIS if _is_empty_redis(SHARED_REDIS) else None


def _is_empty_redis(url: str) -> bool:
    try:
        with closing(redis.Redis.from_url(url, socket_connect_timeout=2)) as client:
            return client.dbsize() == 0
    except redis.RedisError:
        return False


def _folder(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dashboard-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _unprivileged() -> Owner:
    names = {user.pw_name: user for user in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return Owner(user.pw_uid, user.pw_gid, [])


def _start(stack: ExitStack, argv: Sequence[str], folder: Path, owner: Owner, *, ending: signal.Signals) -> None:
    log = stack.enter_context((folder / "log").open("wb"))
    server = subprocess.Popen(
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        # A Ctrl-C must reach it through us, after the tests that use it.
        start_new_session=True,
        user=owner.uid,
        group=owner.gid,
        extra_groups=owner.groups,
    )
    stack.callback(_end, server, ending)


def _end(server: subprocess.Popen[bytes], ending: signal.Signals) -> None:
    server.send_signal(ending)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _wait(name: str, folder: Path, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if time.monotonic() > deadline:
            raise Trouble(f"no {name}: it did not start: {(folder / 'log').read_text().strip().splitlines()[-1:]}")
        time.sleep(0.1)


POSTGRESQL = Kind(
    name="PostgreSQL",
    variable="DATABASE_URL",
    schemes=("postgres",),
    package="postgresql",
    programs=_postgresql_programs,
    start=_start_postgresql,
    shared=_shared_postgresql,
)
REDIS = Kind(
    name="Redis",
    variable="CELERY_BROKER_URL",
    schemes=("redis", "rediss"),
    package="redis-server",
    programs=_redis_programs,
    start=_start_redis,
    shared=_shared_redis,
)
