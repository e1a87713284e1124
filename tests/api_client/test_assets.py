import hashlib
import io
from collections.abc import Callable

import httpx
import pytest

from api_client import (
    ApiError,
    Client,
    ConnectionLost,
    ContractError,
    Download,
    NotFound,
    RateLimited,
    ServiceFailed,
    TimedOut,
)
from tests.api_client.playing import Chunks, Clock, Service, client_of, ok

MEDIA = "https://media.test"
URL = f"{MEDIA}/a/image_1.png"


def fetch(client: Client, to: io.BytesIO, url: str = URL, max_bytes: int = 100) -> Download:
    return client.assets.download(url=url, to=to, allowed_origins=[MEDIA], max_bytes=max_bytes, max_seconds=30)


def media(*pieces: bytes | Callable[[], bytes], status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(
        status,
        stream=Chunks(*pieces),
        headers=[(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()],
    )


def test_an_asset_reads_whole() -> None:
    asset = {"asset_id": "image_1", "url": URL, "width": 10, "height": 20, "created_at": "2026-06-01T10:00:00Z"}
    service = Service(ok({"asset": asset, "request": {"reference": "image_1"}}))
    with client_of(service) as client:
        read = client.assets.get("image_1")
    assert service.request.url.path == "/v1/assets/image_1"
    assert (read.asset_id, read.url, read.width, read.height) == ("image_1", URL, 10, 20)


def test_an_answer_without_the_asset_is_a_contract_error() -> None:
    with client_of(Service(ok({"request": {}}))) as client, pytest.raises(ContractError, match=r"data\.asset"):
        client.assets.get("image_1")


def test_a_file_arrives_whole_with_its_length_hash_and_type() -> None:
    service = Service(media(b"abc", b"def", content_type="Image/PNG; charset=x", content_length="6"))
    to = io.BytesIO()
    with client_of(service) as client:
        download = fetch(client, to)
    assert to.getvalue() == b"abcdef"
    assert download.size_bytes == 6
    assert download.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert download.content_type == "image/png"


def test_a_download_carries_no_token_and_asks_for_no_packing() -> None:
    service = Service(media(b"abc"))
    with client_of(service) as client:
        fetch(client, io.BytesIO())
    assert "authorization" not in service.request.headers
    assert service.request.headers["accept-encoding"] == "identity"
    assert str(service.request.url) == URL


def test_even_the_api_itself_gets_no_token_for_media() -> None:
    service = Service(media(b"abc"))
    with client_of(service) as client:
        client.assets.download(
            url="https://api.test/a/image_1.png",
            to=io.BytesIO(),
            allowed_origins=["https://api.test"],
            max_bytes=100,
        )
    assert "authorization" not in service.request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://media.test/a/image_1.png",
        "https://media.test:8443/a/image_1.png",
        "https://media.test.evil.test/a/image_1.png",
        "https://evil.test/media.test",
        "https://media.test@evil.test/a",
        "https://user:pass@media.test/a",
        "https://evil.test#@media.test/",
        "https://evil.test\\@media.test/",
        "//media.test/a",
        "/a/image_1.png",
        "file:///etc/passwd",
        "ftp://media.test/a",
        "javascript:alert(1)",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "https://media.test\n.evil.test/",
        "https://",
        "",
    ],
)
def test_a_url_off_the_list_is_never_asked(url: str) -> None:
    service = Service(media(b"abc"))
    with client_of(service) as client, pytest.raises(ContractError, match="listed origin") as caught:
        fetch(client, io.BytesIO(), url)
    assert service.requests == []
    assert not caught.value.retryable


@pytest.mark.parametrize("url", [URL, "https://MEDIA.test:443/a/image_1.png", f"{URL}?v=1#part"])
def test_a_listed_origin_is_known_in_all_its_spellings(url: str) -> None:
    with client_of(Service(media(b"abc"))) as client:
        assert fetch(client, io.BytesIO(), url).size_bytes == 3


def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_written() -> None:
    to = io.BytesIO()
    with (
        client_of(Service(media(b"a" * 101, content_length="101"))) as client,
        pytest.raises(ContractError, match="over 100 bytes"),
    ):
        fetch(client, to)
    assert to.getvalue() == b""


@pytest.mark.parametrize("declared", ["", "3", "many", "\u00b2"])
def test_a_body_over_the_limit_is_stopped_whatever_it_declared(declared: str) -> None:
    asked = []

    def more() -> bytes:
        asked.append(1)
        return b"a" * 60

    service = Service(media(*[more] * 50, content_length=declared))
    with client_of(service) as client, pytest.raises(ContractError, match="over 100 bytes"):
        fetch(client, io.BytesIO())
    assert len(asked) == 2


def test_a_body_of_exactly_the_limit_is_fine() -> None:
    with client_of(Service(media(b"a" * 100))) as client:
        assert fetch(client, io.BytesIO()).size_bytes == 100


def test_a_drip_is_stopped_by_the_time_limit() -> None:
    clock = Clock()

    def drop() -> bytes:
        clock.advance(11)
        return b"."

    with client_of(Service(media(*[drop] * 50)), clock) as client, pytest.raises(TimedOut):
        fetch(client, io.BytesIO())
    assert clock.now == 1_033.0


def test_a_packed_file_is_refused() -> None:
    with client_of(Service(media(b"..", content_encoding="gzip"))) as client, pytest.raises(ContractError):
        fetch(client, io.BytesIO())


@pytest.mark.parametrize(
    ("status", "kind", "is_retryable"),
    [
        (204, ContractError, False),
        (206, ContractError, False),
        (302, ContractError, False),
        (401, ContractError, False),
        (403, ContractError, False),
        (404, NotFound, False),
        (410, NotFound, False),
        (429, RateLimited, True),
        (500, ServiceFailed, True),
        (503, ServiceFailed, True),
    ],
)
def test_a_status_other_than_200_is_an_error(status: int, kind: type[ApiError], *, is_retryable: bool) -> None:
    service = Service(media(b"x", status=status, location="https://evil.test/", retry_after="7"))
    to = io.BytesIO()
    with client_of(service) as client, pytest.raises(kind) as caught:
        fetch(client, to)
    assert len(service.requests) == 1
    assert caught.value.retryable is is_retryable
    assert caught.value.http_status == status
    assert to.getvalue() == b""


def test_a_connection_that_breaks_midway_says_so_and_lets_go() -> None:
    def breaks() -> bytes:
        raise httpx.ReadError("reset by peer")

    answer = media(b"abc", breaks)
    with client_of(Service(answer)) as client, pytest.raises(ConnectionLost) as caught:
        fetch(client, io.BytesIO())
    assert caught.value.retryable
    assert not caught.value.may_have_started
    assert answer.is_closed


def test_a_disk_that_is_full_is_the_callers_own_error() -> None:
    class Full(io.BytesIO):
        def write(self, _data: object) -> int:
            raise OSError(28, "No space left on device")

    answer = media(b"abc")
    with client_of(Service(answer)) as client, pytest.raises(OSError, match="No space"):
        fetch(client, Full())
    assert answer.is_closed
