"""docs/settings.md names every variable that is read and no other, and tells the truth about production."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.dashboard.test_settings import PRODUCTION as COMPLETE
from tests.dashboard.test_settings import start
from tests.docs.reading import ROOT, environment_names, rows, text

DOCUMENT = "docs/settings.md"
ROWS = rows(DOCUMENT)
# The dashboard's tables have a column more than the others: what holds in production.
PRODUCTION = {row[0]: row[3] for row in ROWS if len(row) == 5}
REQUIRED = {name for name, word in PRODUCTION.items() if word.startswith("**required**")}
SECRETS = {name: COMPLETE[name] for name in ("SECRET_KEY", "TOKEN_KEYS")}


def examples() -> dict[str, str]:
    """The variables of .env.example as a shell reads them."""
    shell = subprocess.run(
        ["/bin/sh", "-c", "set -a; . ./.env.example; env"], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    pairs = (line.partition("=") for line in shell.stdout.splitlines())
    return {name: value for name, _, value in pairs if name in PRODUCTION}


def refusal(folder: Path, changes: dict[str, str | None]) -> str:
    """Start with .env.example, its secrets filled in, and these changes; the complaint, empty when it goes well."""
    nothing_else: dict[str, str | None] = dict.fromkeys(COMPLETE)
    return start(folder, {**nothing_else, **examples(), **SECRETS, **changes})


def test_every_variable_is_documented_once() -> None:
    documented = [row[0] for row in ROWS]
    assert len(documented) == len(set(documented))
    assert set(documented) == environment_names()


def test_every_row_has_a_meaning_a_default_and_an_example() -> None:
    assert {len(row) for row in ROWS} == {4, 5}
    assert all(cell for row in ROWS for cell in row)


def test_examples_are_productions_variables_in_the_order_of_the_page() -> None:
    given = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text(".env.example"), re.MULTILINE)
    assert given == [name for name, word in PRODUCTION.items() if word.startswith(("**required**", "optional"))]


def test_examples_start_once_the_secrets_are_made(tmp_path: Path) -> None:
    assert refusal(tmp_path, {}) == ""


def test_examples_bring_no_secret_of_their_own(tmp_path: Path) -> None:
    said = refusal(tmp_path, {"SECRET_KEY": "", "TOKEN_KEYS": ""})
    assert "SECRET_KEY must be set" in said
    assert "TOKEN_KEYS must hold" in said


@pytest.mark.parametrize("name", sorted(REQUIRED - {"DASHBOARD_MODE"}))
def test_required_variable_is_required(name: str, tmp_path: Path) -> None:
    assert f"{name} must" in refusal(tmp_path, {name: None})


def test_optional_variables_may_all_be_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path, dict.fromkeys(PRODUCTION.keys() - REQUIRED)) == ""


@pytest.mark.parametrize("name", sorted(name for name, word in PRODUCTION.items() if word.startswith("refused")))
def test_refused_variable_is_refused(name: str, tmp_path: Path) -> None:
    assert f"{name} exists in local mode alone." in refusal(tmp_path, {name: "1"})
