"""A host of files that answers as a test tells it to."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class FileHost:
    """`status`, `headers` and `body` of its next answers, and how many there were; `address` is its origin."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"", 0
        self.headers: dict[str, str] = {}
        self.address = ""


@contextmanager
def file_host() -> Iterator[FileHost]:
    host = FileHost()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked += 1
            self.send_response(host.status)
            for name, value in {"Content-Length": str(len(host.body)), **host.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(host.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        host.address = f"http://127.0.0.1:{server.server_port}"
        yield host
        server.shutdown()
