import threading
import traceback

import httpx
import pytest

from api_client import Client, Secret, connection_pool
from tests.api_client.playing import BASE_URL, TOKEN, Service, client_of, ok, raw


@pytest.mark.parametrize(
    ("base_url", "asked"),
    [
        ("https://api.test", "https://api.test/v1/quota"),
        ("https://api.test/", "https://api.test/v1/quota"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/v1/quota"),
        ("http://[::1]:8001/", "http://[::1]:8001/v1/quota"),
        ("HTTPS://API.test:443", "https://api.test/v1/quota"),
    ],
)
def test_an_origin_is_a_base_url(base_url: str, asked: str) -> None:
    service = Service(ok({}))
    with client_of(service, base_url=base_url) as client:
        client.quota.get()
    assert str(service.request.url) == asked


@pytest.mark.parametrize(
    ("base_url", "problem"),
    [
        ("https://api.test/prefix", "origin alone"),
        ("https://api.test//", "origin alone"),
        ("https://api.test?key=canary", "origin alone"),
        ("https://api.test/#canary", "origin alone"),
        ("https://user:canary@api.test", "credentials"),
        ("https://canary@api.test", "credentials"),
        ("ftp://api.test", "http"),
        ("api.test", "http"),
        ("//api.test", "http"),
        ("https://", "host"),
        ("", "http"),
        ("https://api.test:canary", "not a URL"),
        ("https://api\n.test", "not a URL"),
    ],
)
def test_any_other_base_url_is_refused_without_being_quoted(base_url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        Client(base_url=base_url, token=TOKEN)
    shown = "".join(traceback.format_exception_only(caught.value))
    assert "canary" not in shown


def test_a_request_carries_what_the_public_clients_send_and_no_more() -> None:
    service = Service(ok({}))
    with client_of(service) as client:
        client.quota.get()
    assert dict(service.request.headers) == {
        "host": "api.test",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "connection": "keep-alive",
        "user-agent": "api-client",
        "authorization": f"Bearer {TOKEN}",
    }


def test_a_body_is_json_with_its_length() -> None:
    service = Service(ok({"feedback_id": "sig_1"}))
    with client_of(service) as client:
        client.feedback.create(title="caf\u00e9 \U0001f600 \ud800")
    assert service.request.headers["content-type"] == "application/json"
    assert service.request.headers["content-length"] == str(len(service.request.content))
    assert service.sent["title"] == "caf\u00e9 \U0001f600 \ud800"


def test_without_a_token_none_is_sent() -> None:
    service = Service(ok({}))
    with client_of(service, token=None) as client:
        client.quota.get()
    assert "authorization" not in service.request.headers


def test_a_bare_token_is_sealed_on_the_way_in() -> None:
    service = Service(ok({}))
    with client_of(service, token=TOKEN) as client:
        client.quota.get()
    assert service.request.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_cookie_is_never_kept() -> None:
    body = b'{"ok": true, "data": {}}'
    service = Service(lambda _: raw(body, headers={"set-cookie": "session=canary; Path=/"}))
    with client_of(service) as client:
        client.quota.get()
        client.quota.get()
    assert "cookie" not in service.requests[1].headers


def test_proxies_and_netrc_of_the_machine_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    service = Service(ok({}))
    with client_of(service) as client:
        client.quota.get()
    assert service.request.url.host == "api.test"


def test_a_lent_transport_is_not_closed() -> None:
    service = Service(ok({}))
    with client_of(service):
        pass
    assert not service.is_closed


def test_closing_twice_is_fine_and_a_closed_client_refuses() -> None:
    client = client_of(Service(ok({})))
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.quota.get()


def test_a_client_of_its_own_opens_and_closes_its_own_pool() -> None:
    with Client(base_url=BASE_URL, token=Secret(TOKEN)) as client:
        assert client.quota is not None


def test_a_pool_outlives_the_clients_that_used_it() -> None:
    pool = connection_pool(max_connections=2)
    for _ in range(2):
        Client(base_url=BASE_URL, transport=pool).close()
    pool.close()


def test_one_client_serves_many_threads() -> None:
    answered = []

    def answer(request: httpx.Request) -> httpx.Response:
        return ok({"job": {"job_id": request.url.path.rpartition("/")[2], "status": "completed"}})

    with client_of(Service(answer)) as client:

        def ask(number: int) -> None:
            answered.append((f"job_{number}", client.jobs.get(f"job_{number}").job_id))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answered) == 20
    assert all(asked == told for asked, told in answered)
