"""docs/hosted-api.md from the client's side; tests/sandbox/test_docs.py plays its examples against the running code."""

import re
from pathlib import Path

import api_client

ROOT = Path(api_client.__file__).parent.parent
PAGE = (ROOT / "docs" / "hosted-api.md").read_text(encoding="utf-8")
BEFORE, _, REST = PAGE.partition("\n## Not served yet\n")
NOT_SERVED, _, ENDPOINTS = REST.partition("\n## Endpoints\n")


def paths_called() -> set[str]:
    """Every path that the client can ask for, an id as `{}`."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "api_client" / "resources").glob("*.py")]
    literals = re.findall(r'"(/(?:v1|healthz)[^"]*)"', "\n".join(sources))
    return {re.sub(r"\{[^}]*\}", "{}", literal) for literal in literals}


def test_the_page_names_every_path_that_the_client_calls() -> None:
    called = paths_called()
    assert len(called) > 15
    unnamed = {path for path in called if not is_served(path) and not is_not_served_yet(path)}
    assert not unnamed


def test_no_path_is_served_and_not_served() -> None:
    assert not [path for path in paths_called() if is_served(path) and is_not_served_yet(path)]


def is_served(path: str) -> bool:
    pattern = re.escape(path).replace(r"\{\}", r"[^/?`]+")
    return re.search(rf"^### `(GET|POST) {pattern}(\?[^`]*)?`$", ENDPOINTS, re.MULTILINE) is not None


def is_not_served_yet(path: str) -> bool:
    named = re.findall(r"`(/[^`]+)`", NOT_SERVED)
    return any(path == name or path.startswith(f"{name}/") for name in named)


def test_public_files_are_described() -> None:
    assert "`/a/ASSET_ID.EXT`" in BEFORE
