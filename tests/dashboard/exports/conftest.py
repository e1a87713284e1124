"""Kinds of files that tests can watch: a plain one, and one that does what a test tells it to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboard.accounts.models import PlatformRole, Role, User, Workspace
from dashboard.exports.kinds import KINDS, ExportKind, Order, Product, kind_register
from dashboard.exports.models import Export
from dashboard.exports.services import export_request
from dashboard.lib.export import Piece


class Producer:
    """Makes `rows` lines; `before_each` is called before each of them, and may fail or do mischief."""

    def __init__(self) -> None:
        self.rows, self.before_each = 3, lambda _row: None
        self.orders: list[Order] = []

    def produce(self, order: Order) -> Product:
        self.orders.append(order)
        return Product("list.csv", "text/csv; charset=utf-8", self._pieces(), rows_total=self.rows)

    def _pieces(self) -> Iterator[Piece]:
        for row in range(self.rows):
            self.before_each(row)
            yield Piece(f"row {row}\n".encode(), 1)


@pytest.fixture
def producer() -> Iterator[Producer]:
    """Return the producer of the kind "numbers", for owners and buyers, and for operators over all workspaces."""
    made = Producer()
    kind = ExportKind(
        name="numbers",
        label="Numbers",
        rows_name="numbers",
        produce=made.produce,
        roles=frozenset({Role.OWNER, Role.BUYER}),
        platform_roles=frozenset({PlatformRole.OPERATOR}),
    )
    kind_register(kind)
    yield made
    del KINDS[kind.name]


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Any) -> Path:
    """Keep files in a folder of this test's own and return it."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def ask(workspace: Workspace, owner: User, producer: Producer) -> Callable[..., Export]:
    """Return a function that asks for numbers; each time for other ones."""

    def ask_for(user: User = owner, of: Workspace | None = workspace, **parameters: str) -> Export:
        named = parameters or {"number": str(Export.objects.count())}
        return export_request(user=user, workspace=of, kind="numbers", parameters=named, page_url="/numbers/")

    return ask_for
