"""The sandbox keeps its promises on PostgreSQL too, where locks are rows and not the whole file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

URL = os.environ.get("TEST_SANDBOX_DATABASE_URL", "")
HERE = Path(__file__).parent


@pytest.mark.services
@pytest.mark.skipif(not URL, reason="TEST_SANDBOX_DATABASE_URL names no PostgreSQL")
def test_everything_that_touches_the_database_passes_on_postgresql() -> None:
    files = ["races", "book", "identity", "quota", "create", "activity", "credits", "feedback", "envelope"]
    command = [sys.executable, "-m", "pytest", "--ds=sandbox.settings", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, *(str(HERE / f"test_{name}.py") for name in files)],
        env={**os.environ, "SANDBOX_DATABASE_URL": URL},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
