"""kombu's side of the embedded broker: `Spool` behind kombu's virtual transport (written for kombu 5.7).

Kombu's own ``filesystem`` transport shows a file before it is written and drops it at delivery, and so loses
messages when a worker dies. Here a message is deleted at its acknowledgement and not before.

There is no broadcast, hence no remote control of workers (``celery inspect``): whether a worker lives is read
from the database. The settings that suit it::

    CELERY_BROKER_URL = dashboard.broker.broker_url(DATA_DIR / "queue")
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.25}  # seconds
    CELERY_TASK_ACKS_LATE = True
    CELERY_WORKER_PREFETCH_MULTIPLIER = 1
    celery -A dashboard worker -B -P threads -c 4 --without-gossip --without-mingle --without-heartbeat
"""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from kombu.connection import Connection
from kombu.transport import virtual

from dashboard.broker.spool import Owner, Spool


class Channel(virtual.Channel):
    """Publishes into the spool; takes from it as one `Owner`, made when something is first consumed."""

    def __init__(self, connection: "Transport", **kwargs: object) -> None:
        super().__init__(connection, **kwargs)
        self._spool: Spool = connection.spool
        self._owner: Owner | None = None
        self._held: dict[str | None, Path] = {}
        self._queues_without_ack: set[str] = set()

    def _put(self, queue: str, message: dict[str, Any], **_: object) -> None:
        self._spool.put(queue, json.dumps(message).encode())

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 - kombu's signature
        if self._owner is None:
            self._owner = Owner(self._spool)
        while (held := self._owner.take(queue)) is not None:
            message = self._read(held)
            if message is not None:
                self._held[message["properties"]["delivery_tag"]] = held
                return message
        raise Empty

    def _read(self, held: Path) -> dict[str, Any] | None:
        """The message in the file, or None for one that kombu cannot make sense of (it is set aside)."""
        try:
            message: dict[str, Any] = json.loads(held.read_bytes())
            # A tag names one delivery: a message given back must not be mixed up with its earlier delivery.
            message["properties"]["delivery_tag"] = self._next_delivery_tag()
            self.Message(message, channel=self)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self._spool.set_aside(held, "could not be read")
            return None
        return message

    def _get_and_deliver(self, queue: str, callback: Callable[..., Any]) -> None:
        message = self._get(queue)
        if queue in self._queues_without_ack:
            self._done(message["properties"]["delivery_tag"])
        callback(message, queue)

    def _done(self, delivery_tag: str | None) -> None:
        held = self._held.pop(delivery_tag, None)
        if held is not None:
            held.unlink(missing_ok=True)

    def _restore(self, message: virtual.Message) -> None:
        held = self._held.pop(message.delivery_tag, None)
        if held is not None:
            with suppress(FileNotFoundError):
                self._spool.give_back(held)

    def _size(self, queue: str) -> int:
        return len(self._spool.names(queue))

    def _purge(self, queue: str) -> int:
        return self._spool.purge(queue)

    def basic_consume(
        self,
        queue: str,
        no_ack: bool,
        callback: Callable[..., Any] | None,
        consumer_tag: str | None,
        **kwargs: object,
    ) -> str:
        if no_ack:
            self._queues_without_ack.add(queue)
        return super().basic_consume(queue, no_ack, callback, consumer_tag, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: object) -> virtual.Message | None:
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message is not None and no_ack:
            self._done(message.delivery_tag)
        return message

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        self._done(delivery_tag)
        super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if not requeue:
            self._done(delivery_tag)
        super().basic_reject(delivery_tag, requeue=requeue)

    def close(self) -> None:
        super().close()
        if self._owner is not None:
            self._owner.close()
            self._owner = None


class Transport(virtual.Transport):
    """``folder:///absolute/path``: direct and topic exchanges, polled every ``polling_interval`` seconds."""

    Channel = Channel
    # Exchanges and bindings are declared per process, and seen by all its connections.
    global_state = virtual.BrokerState()
    # A full disk or a vanished folder: Celery then tries again, and connects anew, instead of giving up.
    connection_errors = (*virtual.Transport.connection_errors, OSError)
    can_parse_url = True
    default_port = 0
    polling_interval = 0.25
    driver_type = "folder"
    driver_name = "folder"
    implements = virtual.Transport.implements.extend(exchange_type=frozenset(["direct", "topic"]))

    def __init__(self, client: Connection, **kwargs: object) -> None:
        super().__init__(client, **kwargs)
        self.state = self.global_state
        folder = Path(unquote(urlsplit(client.hostname or "").path))
        if folder == Path("/") or not folder.is_absolute():
            raise ValueError(f"The broker's URL names no folder: {client.hostname!r}; expected folder:///absolute/path")
        self.spool = Spool(folder)

    def establish_connection(self) -> Self:
        self.spool.prepare()
        return super().establish_connection()

    def driver_version(self) -> str:
        return "1"

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:  # noqa: ARG002 - no secret in it
        return uri
