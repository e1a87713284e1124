"""Builds .venv from a hashed lock: ``python -m tools.environment runtime|production|dev``.

A stamp in .venv names the lock it was built from; it is written last, so that a second start costs nothing and an
environment that was interrupted half-way is never taken as made. Two calls at once wait for each other.
"""

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.system import Trouble, apt_install

# Each lock holds the ones before it, so that an environment for tests also runs the system.
KINDS = ("runtime", "production", "dev")
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


def lock_file(root: Path, kind: str) -> Path:
    """The hashed lock of a kind of environment."""
    return root / "requirements" / f"{kind}.txt"


def stamp_text(root: Path, kind: str) -> str:
    """What the stamp of an environment says that is up to date."""
    return f"{kind} {hashlib.sha256(lock_file(root, kind).read_bytes()).hexdigest()}\n"


def is_ready(root: Path, kind: str) -> bool:
    """Whether .venv was built, wholly, from the lock of this kind or of one that holds it, as they are today."""
    venv = root / ".venv"
    try:
        stamp = (venv / ".stamp").read_text()
    except OSError:
        return False
    # A Python that was removed or upgraded leaves a dangling link.
    return (venv / "bin" / "python").exists() and stamp in {
        stamp_text(root, larger) for larger in KINDS[KINDS.index(kind) :]
    }


def prepare(root: Path, kind: str) -> None:
    """Make .venv ready for this kind. Raises Trouble."""
    if is_ready(root, kind):
        return
    with _alone(root):
        if not is_ready(root, kind):
            _build(root, kind)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    # The lock file of the packages is always there and never written by this: a lock on it leaves nothing behind.
    with lock_file(root, KINDS[0]).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command is preparing .venv; waiting for it.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(root: Path, kind: str) -> None:
    venv = root / ".venv"
    mark = venv / ".unfinished"
    print(f"Preparing .venv from requirements/{kind}.txt; this takes about a minute, once.", flush=True)
    is_new = mark.exists() or not (venv / "bin" / "python").exists()
    try:
        if is_new:
            _create(venv)
        mark.touch()
        (venv / ".stamp").unlink(missing_ok=True)
        _install(venv, lock_file(root, kind))
        (venv / ".stamp").write_text(stamp_text(root, kind))
        mark.unlink()
    except OSError as error:
        raise Trouble(f"{venv} cannot be written: {error.strerror}.") from error
    except Trouble:
        # One that stood before may be in use; its mark has it built anew next time.
        if is_new:
            shutil.rmtree(venv, ignore_errors=True)
        raise


def _create(venv: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        package = f"python3.{sys.version_info.minor}-venv"
        if not apt_install(package):
            raise Trouble(f"This Python cannot make environments: apt-get install {package}, then try again.")
    if venv.is_dir():
        shutil.rmtree(venv)
    venv.mkdir()
    (venv / ".unfinished").touch()
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Trouble(f"{venv} could not be made: {_last_line(made.stdout + made.stderr)}")


def _install(venv: Path, lock: Path) -> None:
    # The lock is whole: without a resolver, no newer release of a package's wish can come between it and the install.
    options = ("--quiet", "--require-hashes", "--no-deps", "--requirement", str(lock))
    command = [str(venv / "bin" / "python"), *PIP, "install", *options]
    installed = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if installed.returncode != 0:
        raise Trouble(
            f"The packages of {lock.name} could not be installed: {_last_line(installed.stderr)}\n"
            "Is the package index reachable? Run the same command again when it is."
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next(
        (line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no reason given"
    )


def main() -> None:
    """Called by tools/bootstrap.py."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "runtime"
    if kind not in KINDS:
        sys.exit(f"Unknown environment {kind!r}: one of {', '.join(KINDS)}.")
    try:
        prepare(Path.cwd(), kind)
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit("Stopped; run the same command again to start over.")


if __name__ == "__main__":
    main()
