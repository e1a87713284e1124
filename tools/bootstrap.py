"""Finds a Python that is new enough and lets it prepare .venv: ``python3 tools/bootstrap.py runtime|dev``.

Any Python 3 can read this file, so that one too old can say so in one line. PYTHON=... chooses another.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("python3.14", "python3.13", "python3.12", "python3.11")


def runs(python: str) -> bool:
    """Whether the program works: a version manager leaves commands on the path that do not."""
    with Path(os.devnull).open("w") as nowhere:
        return subprocess.call([python, "-c", ""], stdout=nowhere, stderr=nowhere) == 0


def newer_python() -> "str | None":
    """The path of a Python that is new enough by its name, if there is one."""
    return next(filter(runs, filter(None, map(shutil.which, NAMES))), None)


def main() -> None:
    """Become `tools.environment` under the right Python, in the project's folder."""
    python = sys.executable  # type: str | None
    if sys.version_info < (3, 11):  # noqa: UP036 - the one place that an old Python reaches
        wish = os.environ.get("PYTHON")
        python = None if wish else newer_python()
    if python is None:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Python 3.11 or newer is needed, this is {found}. Set PYTHON=/path/to/python3.11.")
    os.chdir(str(Path(__file__).resolve().parent.parent))
    os.execv(python, [python, "-m", "tools.environment", *sys.argv[1:]])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
