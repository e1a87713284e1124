"""docs/hosted-api.md is true: each of its examples is played, and the answer has the documented shape."""

import json
import re
from pathlib import Path
from typing import Any

from django.urls import URLPattern

from sandbox import errors
from sandbox.urls import urlpatterns
from tests.sandbox.fixtures import Caller

PAGE = (Path(errors.__file__).parent.parent / "docs" / "hosted-api.md").read_text()
LEFT_OUT = "…"


def examples() -> list[tuple[str, str, list[Any]]]:
    """Method, path and JSON blocks of each example, in order."""
    sections = re.split(r"^### `(GET|POST) (\S+)`$", PAGE.partition("## Endpoints")[2], flags=re.MULTILINE)[1:]
    return [
        (method, path, [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", text, re.DOTALL)])
        for method, path, text in zip(sections[::3], sections[1::3], sections[2::3], strict=True)
    ]


def filled(body: dict[str, Any], known: dict[str, str]) -> dict[str, Any]:
    """The body with the ids of earlier answers where it names them."""
    return {name: value.format(**known) if isinstance(value, str) else value for name, value in body.items()}


def has_shape(actual: Any, documented: Any) -> bool:
    """The same names and kinds at every level, as far as it is written out; null may be anything."""
    if documented is None or actual is None:
        return True
    if isinstance(documented, dict):
        named = {name: value for name, value in documented.items() if name != LEFT_OUT}
        is_whole = LEFT_OUT not in documented
        return (set(actual) == set(named) if is_whole else set(actual) >= set(named)) and all(
            has_shape(actual[name], value) for name, value in named.items()
        )
    if isinstance(documented, list):
        return not (documented and actual) or has_shape(actual[0], documented[0])
    return isinstance(actual, type(documented))


def test_every_example_is_answered_as_documented(stranger: Caller) -> None:
    caller, known = stranger, {}
    for method, path, blocks in examples():
        if path.startswith("/pay/"):
            continue  # a page; tests of its own
        where = path.format(**known)
        answer = caller.get(where) if method == "GET" else caller.post(where, filled(blocks[0], known))
        is_error = "ok" in blocks[-1]
        shown = answer.envelope if is_error else answer.data
        assert has_shape(shown, blocks[-1]), f"{method} {path}: {json.dumps(shown, indent=1)}"
        if is_error:
            assert answer.error["code"] == blocks[-1]["error"]["code"]
        if token := shown.get("token"):
            caller = Caller(stranger.http, token)
        if shown.get("assets"):
            known |= {"job_id": shown["job_id"], "asset_id": shown["asset_ids"][0]} if "job_id" in shown else {}
        known |= {name: shown[name] for name in ("quote_id", "payment_attempt_id") if name in shown}


def test_every_endpoint_has_an_example() -> None:
    shown = {re.sub(r"\?.*", "", path) for _, path, _ in examples()}
    served = [
        re.sub(r"<(path|str):\w+>", "ANY", f"/{entry.pattern}")
        for entry in urlpatterns[1:-1]
        if isinstance(entry, URLPattern)
    ]
    for path in served:
        pattern = path.replace("ANY", "[^/]+") + "$"
        # Media, pages for people and documents: no envelope to show.
        documents = ("/skill.md", "/llms.txt", "/cli.md", "/image-skill/", "/openapi.json")
        is_page = path.startswith(("/a/", "/pay/", "/stripe/", *documents))
        assert is_page or any(re.match(pattern, one) for one in shown), path


def test_every_error_code_is_documented_with_its_status_and_exit_code() -> None:
    for code, kind in errors.KINDS.items():
        row = next(line for line in PAGE.splitlines() if line.startswith("|") and f"`{code}`" in line)
        assert f"| {kind.status} | {kind.exit_code} |" in row, code
