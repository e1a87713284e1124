"""The whole system in a folder of its own, started by `make run`: for browser tests and screenshots."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tools.system import Trouble

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 90
PICTURES_SECONDS = 120
ROLES = 6
# Nothing is there at first: then jobs are read, their assets, and of these small pictures are made.
PICTURES_AWAITED = """
from dashboard.assets.models import Asset, Job
unread = sum(model.objects.filter(reading="wanted").count() for model in (Job, Asset))
drawn = Asset.objects.filter(preview="ready").exists()
print(unread + Asset.objects.filter(preview="pending", preview_problem="").count() + (not drawn))
"""


@dataclass
class System:
    """A running system: its addresses, its folder, and the sign-in links that it printed, by role."""

    url: str
    sandbox_url: str
    folder: Path
    links: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work on this system's data."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DATA_DIR": str(self.folder),
            "PORT": self.url.rpartition(":")[2],
            "SANDBOX_PORT": self.sandbox_url.rpartition(":")[2],
        }

    def python(self, code: str) -> str:
        """Run code with the dashboard's settings on this system's data and return what it prints."""
        run = subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            cwd=ROOT,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "dashboard.settings"},
            # As the system itself: what it keeps is its owner's.
            umask=0o077,
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    def await_pictures(self) -> None:
        """Wait until the demo's small pictures are made, in the background. Raises Trouble."""
        begun = time.monotonic()
        while int(self.python(PICTURES_AWAITED)):
            if time.monotonic() - begun > PICTURES_SECONDS:
                raise Trouble("the demo's small pictures were not made in time")
            time.sleep(1)

    def sign_in_link(self, role: str) -> str:
        """Return a link of this role that was not used yet: a printed one, then a fresh one."""
        printed = self.links.pop(role, None)
        return printed or self.python(
            "from dashboard.accounts.models import User\n"
            "from dashboard.local.people import PEOPLE, link_make\n"
            f"person = next(one for one in PEOPLE if one.title == {role!r})\n"
            "print(link_make(User.objects.get(email=person.email)))"
        )


@contextmanager
def running_system(folder: Path) -> Iterator[System]:
    """Type `make run` with the data in `folder`, wait for the printed block, and press Ctrl-C in the end."""
    system = System(f"http://localhost:{free_port()}", f"http://127.0.0.1:{free_port()}", folder)
    log = folder.parent / f"{folder.name}.log"
    with log.open("w") as output:
        process = make_run(system.environment, output)
        try:
            system.links = printed_links(process, log)
            yield system
        finally:
            press_ctrl_c(process)


def make_run(environment: Mapping[str, str], output: IO[str]) -> subprocess.Popen[bytes]:
    """Start `make run` in a session of its own, as a terminal would."""
    return subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
    )


def press_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """Send what a terminal sends to all that run in it, and wait for the end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    process.wait(timeout=30)


def printed_links(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """Wait for the block that is printed once everything answers, and return its links by role."""
    line = re.compile(r"^  (\S[\w ]+?) +(http://localhost:\d+/local/sign-in/\S+)$", re.MULTILINE)
    for _ in range(START_SECONDS * 10):
        found = dict(line.findall(log.read_text()))
        if len(found) == ROLES:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"The system did not start:\n{log.read_text()}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
