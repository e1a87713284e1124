"""What `make run` starts: looks for what is in the way before Django makes anything, then becomes `manage.py run`."""

import os
import sys
import tempfile
from pathlib import Path

from dashboard.local.preflight import UNWRITABLE, troubles

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    os.chdir(ROOT)
    # What is made from here on (keys, databases, mail, media) is its owner's alone.
    os.umask(0o077)
    try:
        ports = {name: int(os.environ.get(name, default)) for name, default in _wanted_ports().items()}
    except ValueError:
        sys.exit("PORT and SANDBOX_PORT must be whole numbers.")
    data_dir = Path(os.environ.get("DATA_DIR", str(ROOT / "var")))
    found = troubles(ports=ports, data_dir=data_dir)
    if found:
        sys.exit("\n".join(found))
    _data_dir_make(data_dir)
    os.execv(sys.executable, [sys.executable, "manage.py", "run"])  # noqa: S606 - the same Python, our own script


def _data_dir_make(data_dir: Path) -> None:
    """Make it and write to it: root may do everything by its permissions, and a file system may refuse all the same."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=data_dir).close()
    except OSError:
        sys.exit(UNWRITABLE.format(data_dir))


def _wanted_ports() -> dict[str, str]:
    has_sandbox = "IMAGE_SKILL_API_BASE_URL" not in os.environ
    return {"PORT": "8000", **({"SANDBOX_PORT": "8001"} if has_sandbox else {})}


if __name__ == "__main__":
    main()
