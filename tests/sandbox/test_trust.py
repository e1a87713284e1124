"""What the client's `trust` reads (contract 8): documents, and the registry's answer for a version."""

import httpx
import pytest

from tests.sandbox.fixtures import Answer, Caller


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/skill.md", "text/markdown"), ("/llms.txt", "text/plain"), ("/cli.md", "text/markdown")],
)
def test_a_document_tells_of_this_sandbox(sandbox_http: httpx.Client, path: str, content_type: str) -> None:
    answer = sandbox_http.get(path, headers={"accept": "text/markdown, text/plain, */*"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert "http://127.0.0.1:8001" in answer.text
    assert "sandbox" in answer.text
    assert "{{" not in answer.text
    assert "&#x27;" not in answer.text
    assert Answer(sandbox_http.post(path)).refusal == ("METHOD_NOT_ALLOWED", 405, 2)


@pytest.mark.parametrize("version", ["0.1.25", "0.1.70", "1.0.0-rc.1"])
def test_a_version_is_confirmed_and_no_file_is_vouched_for(sandbox_http: httpx.Client, version: str) -> None:
    data = sandbox_http.get(f"/image-skill/{version}").json()
    assert data["version"] == version
    assert (data["dist"]["integrity"], data["dist"]["tarball"], data["gitHead"]) == (None, None, None)
    assert Answer(sandbox_http.delete(f"/image-skill/{version}")).refusal == ("METHOD_NOT_ALLOWED", 405, 2)


@pytest.mark.parametrize("version", ["latest", "0.1", "0.1.70.1", "0.1.70;x", "v0.1.70"])
def test_what_is_no_version_is_not_found(stranger: Caller, version: str) -> None:
    assert stranger.get(f"/image-skill/{version}").refusal == ("NOT_FOUND", 404, 1)
