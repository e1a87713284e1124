"""The way out: what is asked, what never is, and how much of an answer is taken."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import pytest

from dashboard.lib.addresses import AddressRefused, target_of
from dashboard.lib.outbound import Limits, OutboundError, OutboundFailed, OutboundRefused, Reach, fetch, opened, post

LIMITS = Limits(max_bytes=1_000, seconds=5)

NEVER_ASKED = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.0.0.8/",
    "http://172.16.3.4/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[0:0:0:0:0:ffff:a00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://127.0.0.1./",
    "http://user@127.0.0.1/",
    "http://public.example@127.0.0.1/",
    "http://127.0.0.1:80@public.example/",
    "http://public.example#@127.0.0.1/",
    "http://public.example\\@127.0.0.1/",
    "http://127.0.0.1\t/",
    "http://127.0.0.1\r\nHost: public.example/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://127\u30020\u30020\u30021/",
    "http:// 127.0.0.1/",
    "http:///127.0.0.1/",
    "http:127.0.0.1/",
    "//127.0.0.1/",
    "http://",
    "http://[::1",
    "http://[fe80::1%25eth0]/",
    "http://a..b/",
    "http://public.example:0/",
    "http://public.example:99999/",
    "http://" + "a" * 300 + "/",
    "http://public.example/" + "a" * 5_000,
    "file:///etc/passwd",
    "ftp://public.example/",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "",
]


class Recorder(httpcore.NetworkBackend):
    """Notes where a connection would have gone, and makes none."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connect_tcp(self, host: str, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.asked.append(host)
        raise httpcore.ConnectError


@pytest.mark.parametrize("url", NEVER_ASKED)
def test_no_spelling_leads_to_a_network_that_is_not_public(url: str) -> None:
    recorder = Recorder()
    with pytest.raises(OutboundError):
        fetch(url, to=io.BytesIO(), reach=Reach(is_https_only=False, backend=recorder), limits=LIMITS)
    with pytest.raises(OutboundError):
        post(url, content=b"", headers={}, reach=Reach(is_https_only=False, backend=recorder), seconds=5)
    # What a parser took for another host may be asked for as that host, and never as the hidden one.
    assert recorder.asked == []


def resolving(*answers: list[str]) -> Callable[[str, int], list[str]]:
    """Answer each question with the next list, and the last one for ever."""
    left = list(answers)
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


def test_public_address_is_asked_by_the_address_that_was_checked() -> None:
    recorder = Recorder()
    reach = Reach(resolver=resolving(["93.184.215.14"], ["127.0.0.1"]), backend=recorder)
    with pytest.raises(OutboundFailed):
        fetch("https://rebinding.example/", to=io.BytesIO(), reach=reach, limits=LIMITS)
    assert recorder.asked == ["93.184.215.14"]


@pytest.mark.parametrize("answer", [["93.184.215.14", "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"]])
def test_name_that_leads_to_a_private_address_too_is_refused(answer: list[str]) -> None:
    recorder = Recorder()
    reach = Reach(resolver=resolving(answer), backend=recorder)
    with pytest.raises(OutboundRefused, match="not public"):
        fetch("https://two-faced.example/", to=io.BytesIO(), reach=reach, limits=LIMITS)
    assert recorder.asked == []


def test_plain_http_is_refused_where_https_is_asked_for() -> None:
    with pytest.raises(OutboundRefused, match="https"):
        fetch("http://public.example/", to=io.BytesIO(), reach=Reach(), limits=LIMITS)


def test_only_listed_origins_are_asked_where_there_is_a_list() -> None:
    reach = Reach(origins=["https://media.example"], resolver=resolving(["93.184.215.14"]), backend=Recorder())
    for url in ("https://media.example:8443/a", "http://media.example/a", "https://media.example.evil.test/a"):
        with pytest.raises(OutboundRefused, match="may be asked"):
            fetch(url, to=io.BytesIO(), reach=reach, limits=LIMITS)
    with pytest.raises(OutboundFailed):
        fetch("https://media.example/a", to=io.BytesIO(), reach=reach, limits=LIMITS)


def test_default_port_and_letter_case_are_the_same_origin() -> None:
    assert target_of("HTTPS://Media.Example:443/a?b=c#d") == target_of("https://media.example/a?b=c")
    with pytest.raises(AddressRefused):
        target_of("https://media.example./a")


class Local(BaseHTTPRequestHandler):
    """A server on this machine that answers by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        getattr(self, "on_" + self.path.strip("/").partition("/")[0].replace("-", "_"))()

    def do_POST(self) -> None:
        self.server.posted.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def on_file(self) -> None:
        self.server.headers.append({name.lower() for name in self.headers})  # type: ignore[attr-defined]
        self.answer(200, b"a picture", Content_Type="image/png; charset=x")

    def on_gone(self) -> None:
        self.answer(410)

    def on_down(self) -> None:
        self.answer(503)

    def on_declared(self) -> None:
        self.answer(200, b"", Content_Length="5000")

    def on_packed(self) -> None:
        self.answer(200, b"x", Content_Encoding="gzip")

    def on_hop(self) -> None:
        self.answer(302, Location="/file")

    def on_loop(self) -> None:
        self.answer(302, Location="/loop")

    def on_inside(self) -> None:
        self.answer(307, Location="http://127.0.0.1:1/latest/meta-data/")

    def on_scheme(self) -> None:
        self.answer(302, Location="file:///etc/passwd")

    def on_nowhere(self) -> None:
        self.answer(302)

    def on_endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.is_over.is_set():  # type: ignore[attr-defined]
            try:
                self.wfile.write(b"x" * 1_000)
            except OSError:
                return

    def on_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        self._drip()

    def on_drip_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self._drip()

    def _drip(self) -> None:
        while not self.server.is_over.wait(0.02):  # type: ignore[attr-defined]
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:
                return

    def on_broken(self) -> None:
        self.answer(200, b"half", Content_Length="400")
        self.close_connection = True


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Local) as running:
        running.posted, running.headers, running.is_over = [], [], threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.is_over.set()  # type: ignore[attr-defined]
        running.shutdown()
        thread.join()


@pytest.fixture
def ours(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def got(url: str, ours: str, *, limits: Limits = LIMITS) -> bytes:
    to = io.BytesIO()
    fetch(url, to=to, reach=Reach(origins=[ours], private_origins=[ours]), limits=limits)
    return to.getvalue()


def test_file_of_a_listed_private_origin_comes_whole(ours: str, server: Any) -> None:
    to = io.BytesIO()
    told = fetch(f"{ours}/file", to=to, reach=Reach(origins=[ours], private_origins=[ours]), limits=LIMITS)
    assert (to.getvalue(), told.size, told.content_type) == (b"a picture", 9, "image/png")
    assert told.sha256 == hashlib.sha256(b"a picture").hexdigest()
    assert server.headers[-1] == {"host", "user-agent", "accept", "accept-encoding", "connection"}


def test_listed_origin_at_a_private_address_is_refused_unless_it_is_ours(ours: str) -> None:
    with pytest.raises(OutboundRefused, match="not public"):
        fetch(f"{ours}/file", to=io.BytesIO(), reach=Reach(origins=[ours], is_https_only=False), limits=LIMITS)


def test_redirect_is_followed_to_what_may_be_asked(ours: str) -> None:
    assert got(f"{ours}/hop", ours) == b"a picture"


@pytest.mark.parametrize(
    ("path", "code"), [("loop", "redirects"), ("inside", "origin"), ("scheme", "address"), ("gone", "gone")]
)
def test_redirect_that_leads_where_nobody_may_go_is_refused(ours: str, path: str, code: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        got(f"{ours}/{path}", ours)
    assert refused.value.code == code


def test_redirect_into_a_private_network_is_refused_where_every_public_address_may_be_asked(ours: str) -> None:
    reach = Reach(private_origins=[ours], is_https_only=False)
    with pytest.raises(OutboundRefused, match="not public"):
        fetch(f"{ours}/inside", to=io.BytesIO(), reach=reach, limits=LIMITS)


@pytest.mark.parametrize("path", ["endless", "declared"])
def test_more_than_what_is_taken_is_refused(ours: str, path: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        got(f"{ours}/{path}", ours)
    assert refused.value.code == "too_large"


def test_packed_answer_is_refused(ours: str) -> None:
    with pytest.raises(OutboundRefused) as refused:
        got(f"{ours}/packed", ours)
    assert refused.value.code == "packed"


@pytest.mark.parametrize("path", ["drip", "drip-head"])
def test_drip_ends_with_the_time_of_the_whole(ours: str, path: str) -> None:
    with pytest.raises(OutboundFailed) as failed:
        got(f"{ours}/{path}", ours, limits=Limits(max_bytes=1_000_000, seconds=0.3))
    assert failed.value.code == "too_slow"


@pytest.mark.parametrize(("path", "code"), [("down", "status"), ("broken", "broken")])
def test_trouble_that_may_pass_is_told_apart(ours: str, path: str, code: str) -> None:
    with pytest.raises(OutboundFailed) as failed:
        got(f"{ours}/{path}", ours)
    assert failed.value.code == code


def test_name_that_resolves_too_slowly_is_given_up() -> None:
    waiting = threading.Event()
    reach = Reach(resolver=lambda _host, _port: [waiting.wait(5) and ""], backend=Recorder())
    with pytest.raises(OutboundFailed):
        fetch("https://slow.example/", to=io.BytesIO(), reach=reach, limits=Limits(10, 0.1))
    waiting.set()


def test_chunks_can_be_read_one_by_one(ours: str) -> None:
    with opened(f"{ours}/file", reach=Reach(private_origins=[ours]), limits=LIMITS) as answer:
        assert b"".join(answer.chunks) == b"a picture"


def test_post_sends_the_bytes_and_reads_a_bit_of_the_answer(ours: str, server: Any) -> None:
    reach = Reach(private_origins=[ours])
    reply = post(f"{ours}/file", content=b'{"a": 1}', headers={"X-Signature": "s"}, reach=reach, seconds=5)
    headers, body = server.posted[-1]
    assert (reply.status, reply.text, body) == (200, "a picture", b'{"a": 1}')
    assert headers["X-Signature"] == "s"
    assert not {"Cookie", "Authorization"} & set(headers)


def test_post_follows_no_redirect(ours: str, server: Any) -> None:
    asked = len(server.headers)
    reach = Reach(private_origins=[ours])
    assert post(f"{ours}/hop", content=b"", headers={}, reach=reach, seconds=5).status == 302
    assert len(server.headers) == asked


def test_endless_answer_to_a_post_is_left_unread(ours: str) -> None:
    reach = Reach(private_origins=[ours])
    reply = post(f"{ours}/endless", content=b"", headers={}, reach=reach, seconds=5)
    assert len(reply.text) == 4_096
