"""One visitor on a kept connection, as cheap as Python allows, so that the server is what is measured."""

import socket
import time
from typing import NamedTuple, Self

HOST = "dashboard.example.com"


class Answer(NamedTuple):
    """Headers as they came; `seconds` from the first byte sent to the last byte read."""

    status: int
    headers: bytes
    body: bytes
    seconds: float


class Visitor:
    """Asks for pages as the proxy passes them on: over https, says its header."""

    def __init__(self, port: int, cookies: str = "", *, encoding: str = "") -> None:
        self.port = port
        lines = [f"Host: {HOST}", "Accept: text/html", "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.1"]
        lines += [f"Cookie: {cookies}"] if cookies else []
        lines += [f"Accept-Encoding: {encoding}"] if encoding else []
        self._rest = (" HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def get(self, path: str) -> Answer:
        """Raises RuntimeError for an answer that is no page; connects anew where the server hung up meanwhile."""
        return self._sent(b"GET " + path.encode() + self._rest)

    def post(self, path: str, body: bytes, headers: str) -> Answer:
        """As `get`, for what may arrive twice; `headers` are lines of their own."""
        more = f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n\r\n"
        return self._sent(b"POST " + path.encode() + self._rest[:-4] + more.encode() + body)

    def _sent(self, request: bytes) -> Answer:
        try:
            return self._answer(request)
        except (ConnectionError, EOFError):
            self.__exit__()
            return self._answer(request)

    def _answer(self, request: bytes) -> Answer:
        wire = self._socket = self._socket or socket.create_connection(("127.0.0.1", self.port), timeout=60)
        started = time.perf_counter()
        wire.sendall(request)
        text = bytearray()
        while (end := text.find(b"\r\n\r\n")) < 0:
            _read(wire, text)
        headers = bytes(text[:end])
        length = _length(headers)
        while len(text) < end + 4 + length:
            _read(wire, text)
        seconds = time.perf_counter() - started
        return Answer(int(headers[9:12]), headers, bytes(text[end + 4 :]), seconds)


def _read(wire: socket.socket, text: bytearray) -> None:
    part = wire.recv(1 << 18)
    if not part:
        raise EOFError
    text += part


def _length(headers: bytes) -> int:
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError(f"an answer without a length: {headers!r}")
