"""``make check``: everything that can be said of the project without running its tests. All checks run, always.

``python -m tools.check lock types`` runs only those two.
"""

import base64
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools import assets, lock
from tools.system import Trouble, clean_environment

ROOT = Path(__file__).parent.parent

# A made-up but valid production, to prove that its settings pass Django's own deployment checks.
PRODUCTION = {
    "DASHBOARD_MODE": "production",
    "SECRET_KEY": "check-only-8Zr2vXq5Lw9tBn3KdYh7Jm4PcFs6GaUe1RiToWxNyCbVzQpMkH",
    "TOKEN_KEYS": f"check:{base64.b64encode(bytes(range(32))).decode()}",
    "DATABASE_URL": "postgres://dashboard:made-up@database.invalid/dashboard",
    "CELERY_BROKER_URL": "rediss://queue.invalid/0",
    "CACHE_URL": "rediss://cache.invalid/1",
    "EMAIL_URL": "smtp+tls://dashboard:made-up@mail.invalid:587",
    "DASHBOARD_URL": "https://dashboard.example.com",
    "ALLOWED_HOSTS": "dashboard.example.com",
    "IMAGE_SKILL_API_BASE_URL": "https://api.example.com",
    "STORAGE_BUCKET": "dashboard-media",
}


@dataclass(frozen=True)
class Check:
    """A Python command that must succeed, or a function that must find nothing."""

    name: str
    argv: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    problems: Callable[[Path], Sequence[str]] | None = None


MANAGE = ("manage.py",)
SANDBOX_CACHE = ".mypy_cache/sandbox"
IMPORT_LINTER = (
    "-c",
    "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())",
)
CHECKS = (
    Check("ruff", ["-m", "ruff", "check", "."]),
    Check("format", ["-m", "ruff", "format", "--check", "."]),
    Check("types", ["-m", "mypy", "manage.py", "api_client", "dashboard", "tools"]),
    # One run reads one settings module, and the two may not share what they remember.
    Check(
        "sandbox types", ["-m", "mypy", "--config-file", "sandbox/mypy.ini", "--cache-dir", SANDBOX_CACHE, "sandbox"]
    ),
    Check("imports", IMPORT_LINTER),
    Check("template format", ["-m", "djlint", "templates", "--check"]),
    Check("template lint", ["-m", "djlint", "templates", "--lint"]),
    Check("production settings", [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    Check("dashboard migrations", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
    Check("sandbox migrations", [*MANAGE, "makemigrations", "--check", "--dry-run", "--settings", "sandbox.settings"]),
    Check("lock", problems=lock.problems),
    Check("assets", problems=assets.rebuild_differences),
)


def run(check: Check, data: Path) -> tuple[str, str]:
    """The outcome (passed, FAILED or skipped) and what there is to read about it."""
    if check.problems is not None:
        try:
            found = check.problems(ROOT)
        except Trouble as trouble:
            return "skipped", str(trouble)
        return ("FAILED" if found else "passed"), "\n".join(found)
    # Settings may write keys: never into the developer's own data.
    env = {**clean_environment(str(data)), **check.env}
    done = subprocess.run([sys.executable, *check.argv], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return ("FAILED" if done.returncode else "passed"), (done.stdout + done.stderr).strip()


def main(names: Sequence[str] = ()) -> int:
    """Run every check, or those named, show what fails, end with a summary; 1 when any failed."""
    summary: list[str] = []
    has_failed = False
    with tempfile.TemporaryDirectory(prefix="dashboard-") as data:
        for check in [check for check in CHECKS if not names or check.name in names]:
            outcome, text = run(check, Path(data))
            if outcome == "FAILED":
                has_failed = True
                print(f"\n=== {check.name}\n{text}", flush=True)
            summary.append(f"{outcome:<8} {check.name}" + (f": {text}" if outcome == "skipped" else ""))
    print("\n=== make check", *summary, sep="\n")
    return 1 if has_failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
