"""Log lines say what happened, and never what must not be seen."""

import json
import logging
import os
import subprocess
import sys
from typing import Any

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


@pytest.mark.django_db
def test_django_names_the_route_and_not_the_address(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    for handler in logging.getLogger().handlers:
        caplog.handler.filters = handler.filters or caplog.handler.filters
    client.post("/local/sign-in/planted-token/")
    client.get("/planted/nowhere/")
    assert "planted" not in caplog.text
    assert "local/sign-in/<str:token>/" in caplog.text
