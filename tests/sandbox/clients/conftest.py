"""`client` is each release in turn, signed up as that release does it; `latest` is 0.1.70 alone."""

from typing import Any

import httpx
import pytest

from tests.sandbox.clients.client import RELEASES, Client0125, Client0170


@pytest.fixture(params=RELEASES, ids=lambda release: release.version)
def newcomer(request: pytest.FixtureRequest, sandbox_http: httpx.Client) -> Any:
    """A client that has not signed up yet."""
    return request.param(sandbox_http)


@pytest.fixture
def client(newcomer: Any) -> Any:
    assert newcomer.start().exit_code == 0
    return newcomer


@pytest.fixture(params=[Client0125, Client0170], ids=lambda release: release.version)
def modern(request: pytest.FixtureRequest, sandbox_http: httpx.Client) -> Any:
    """The releases that know live rails, references and more than images; signed up."""
    client = request.param(sandbox_http)
    assert client.start().exit_code == 0
    return client


@pytest.fixture
def latest(sandbox_http: httpx.Client) -> Client0170:
    client = Client0170(sandbox_http)
    assert client.start().exit_code == 0
    return client
