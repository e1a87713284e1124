"""Log lines say what happened, and never what must not be seen."""

import json
import os
import subprocess
import sys

import pytest

SAYS = """
import logging, django
django.setup()
def fail(token):
    held = token
    raise ValueError("it broke")
try:
    fail("isk_r_" + "planted")
except ValueError:
    logging.getLogger("x").exception("caught")
"""


@pytest.mark.parametrize("mode", ["local", "production"])
def test_traceback_shows_no_values(mode: str, tmp_path: object) -> None:
    code = SAYS if mode == "local" else SAYS.replace("django.setup()", _PRODUCTION)
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dashboard.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = run.stdout + run.stderr
    assert "it broke" in said
    assert "planted" not in said


_PRODUCTION = """
from dashboard.lib.logs import logging_config
import logging.config
logging.config.dictConfig(logging_config(level="INFO", is_for_people=False))
"""


def test_production_lines_are_json() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _PRODUCTION + "logging.getLogger('x').info('hello %s', 'you')"],
        capture_output=True,
        text=True,
        check=True,
    )
    line = json.loads(run.stderr)
    assert (line["event"], line["level"], line["logger"]) == ("hello you", "info", "x")
