"""`make run`: what it prints, what it leaves behind, and what it refuses."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx

from tools.running import ROOT, System, free_port, make_run, press_ctrl_c, running_system


def test_everything_is_ready_and_listens_on_loopback_alone(system: System) -> None:
    assert httpx.get(f"{system.url}/readyz").json() == {"database": True, "migrations": True, "worker": True}
    assert httpx.get(f"{system.url}/healthz").text == "ok\n"
    for url in (system.url, system.sandbox_url):
        with socket.socket() as probe:
            probe.settimeout(1)
            assert probe.connect_ex((_outside_address(), int(url.rpartition(":")[2]))) != 0


def test_secrets_and_data_belong_to_their_owner(system: System) -> None:
    modes = dict(_modes_within(system.folder))
    assert system.folder / "dashboard.sqlite3" in modes
    assert [path for path, mode in modes.items() if mode & 0o077] == []


def test_cookies_of_dashboard_and_sandbox_do_not_meet(system: System) -> None:
    answers = httpx.get(f"{system.url}/account/login/"), httpx.get(f"{system.sandbox_url}/")
    dashboard, sandbox = ({name for name, _ in answer.cookies.items()} for answer in answers)
    assert dashboard == {"dashboard_csrf"}
    assert not dashboard & sandbox


def test_second_start_keeps_what_was_there_and_stops_without_a_trace(tmp_path: Path) -> None:
    agents = []
    for _ in range(2):
        with running_system(tmp_path / "var") as system:
            agents.append(system.python("from dashboard.agents.models import Claim; print(Claim.objects.count())"))
        assert _processes_with(str(tmp_path)) == []
    assert agents == ["5", "5"]


def test_real_service_gets_neither_a_sandbox_nor_a_demo(system: System, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path / "var"),
        "PORT": str(free_port()),
        "IMAGE_SKILL_API_BASE_URL": system.sandbox_url,
    }
    log = tmp_path / "log"
    with log.open("w") as output:
        process = make_run(environment, output)
        try:
            _wait_until(lambda: "Stop everything" in log.read_text())
        finally:
            press_ctrl_c(process)
    said = log.read_text()
    assert f"Talks to  {system.sandbox_url}" in said
    assert "sign-in/" not in said
    assert "sandbox |" not in said
    assert not (tmp_path / "var" / "sandbox").exists()


def test_taken_port_is_one_clear_line_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = _start({"PORT": port, "SANDBOX_PORT": str(free_port()), "DATA_DIR": str(tmp_path / "var")})
    assert run.returncode == 1
    assert run.stderr == f"Port {port} is taken by another program: stop it, or choose another with PORT=...\n"
    assert not (tmp_path / "var").exists()


def test_data_dir_that_cannot_be_written_is_one_clear_line() -> None:
    run = _start({"PORT": str(free_port()), "SANDBOX_PORT": str(free_port()), "DATA_DIR": "/proc/nowhere"})
    assert run.returncode == 1
    assert run.stderr == "DATA_DIR /proc/nowhere cannot be written: choose another with DATA_DIR=...\n"


def test_port_that_is_no_number_is_one_clear_line(tmp_path: Path) -> None:
    run = _start({"PORT": "eight", "DATA_DIR": str(tmp_path / "var")})
    assert (run.returncode, run.stderr) == (1, "PORT and SANDBOX_PORT must be whole numbers.\n")


def _modes_within(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield everything in a folder with its mode; messages of the queue, taken while one looks, are left out."""
    for at, folders, files in os.walk(folder):
        for path in (Path(at), *(Path(at, name) for name in (*folders, *files))):
            with suppress(FileNotFoundError):
                yield path, path.stat().st_mode


def _start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboard.local"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen within a minute")


def _processes_with(value: str) -> list[str]:
    """Return the processes of this machine whose environment holds this value (Linux; elsewhere none is seen)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if value.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def _outside_address() -> str:
    """Return an address of this machine that is not loopback, or one that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "192.0.2.1"
        address: str = probe.getsockname()[0]
        return address
