"""docs/hosted-api.md from the client's side; tests/sandbox/test_docs.py plays its examples against the running code."""

import re
from pathlib import Path

import api_client

ROOT = Path(api_client.__file__).parent.parent
PAGE = (ROOT / "docs" / "hosted-api.md").read_text(encoding="utf-8")
BEFORE, _, ENDPOINTS = PAGE.partition("\n## Endpoints\n")


def paths_called() -> set[str]:
    """Every path that the client can ask for, an id as `{}`."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "api_client" / "resources").glob("*.py")]
    literals = re.findall(r'"(/(?:v1|healthz)[^"]*)"', "\n".join(sources))
    return {re.sub(r"\{[^}]*\}", "{}", literal) for literal in literals}


def test_the_page_names_every_path_that_the_client_calls() -> None:
    called = paths_called()
    assert len(called) > 15
    assert not {path for path in called if not is_served(path)}


def is_served(path: str) -> bool:
    pattern = re.escape(path).replace(r"\{\}", r"[^/?`]+")
    return re.search(rf"^### `(GET|POST) {pattern}(\?[^`]*)?`$", ENDPOINTS, re.MULTILINE) is not None


def test_public_files_are_described() -> None:
    assert "`/a/ASSET_ID.EXT`" in BEFORE
