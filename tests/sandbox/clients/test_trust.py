"""trust of 0.1.25 and 0.1.70: all it fetches is on the API's own origin, and nothing is a surprise (contract 8)."""

import json
from typing import Any


def test_every_document_is_there_and_the_version_is_the_clients_own(modern: Any) -> None:
    fetched = modern.trust()
    for path in ("/skill.md", "/llms.txt", "/cli.md"):
        assert fetched[path].is_success
        assert fetched[path].text
    package = fetched[f"/image-skill/{modern.version}"]
    # Not found is `not_available_yet`; another version than its own would be `stale_or_mismatched`.
    assert package.status_code == 404 or json.loads(package.text)["version"] == modern.version


def test_the_packet_comes_to_usable(modern: Any) -> None:
    assert modern.doctor().exit_code == 0
    data = modern.models_list().data
    assert data["summary"]["executable"] > 0
