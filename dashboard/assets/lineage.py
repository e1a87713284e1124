"""Where an asset stands among its relatives, as a drawing: what it was made from, beside what, and what came of it.

Three columns, from left to right as time went. Figures are units of the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard.accounts.models import Workspace
from dashboard.assets.models import Asset
from dashboard.assets.previews import preview_url, preview_widths
from dashboard.assets.selectors import Lineage
from dashboard.lib.glossary import word_for

MOST_OF_A_KIND = 6
SIDE, GAP, COLUMN, HEAD = 96, 34, 210, 26


@dataclass(frozen=True)
class Node:
    """A relative: its place, what it is to this one, its number (None: not in this workspace) and small picture."""

    x: int
    y: int
    role: str
    number: int | None
    src: str
    kind: str
    remote_id: str
    is_here: bool = False

    @property
    def kind_text(self) -> str:
        return word_for("asset_kind", self.kind).text if self.number else "Not in this workspace"


@dataclass(frozen=True)
class Edge:
    """A line from one relative to another, and which kind of descent it is."""

    path: str
    kind: str


@dataclass(frozen=True)
class Rest:
    """What of a column did not fit: "14 more siblings", and the part of the gallery that shows the whole column."""

    text: str
    query: str


@dataclass(frozen=True)
class Drawing:
    """The whole picture, and what of it did not fit."""

    nodes: list[Node]
    edges: list[Edge]
    width: int
    height: int
    more: list[Rest]


@dataclass(frozen=True)
class Relative:
    """What the drawing needs of one: `asset` is None where this workspace does not hold it."""

    role: str
    asset: Asset | None
    remote_id: str
    kind: str = ""


def drawing_of(workspace: Workspace, asset: Asset, lineage: Lineage) -> Drawing | None:
    """Return the drawing of an asset's next relatives; None where it has none."""
    sources = [
        Relative(link.get_kind_display(), link.asset, link.asset_remote_id, link.kind) for link in lineage.sources
    ]
    siblings = [Relative("Made beside it", one, one.remote_id) for one in lineage.siblings]
    made = {output.pk: Relative(USES[link.kind], output, output.remote_id, link.kind) for link, output in lineage.uses}
    if not (sources or siblings or made):
        return None
    columns = [sources, [Relative("This one", asset, asset.remote_id), *siblings], list(made.values())]
    return _drawn(workspace, columns, _rests(asset, columns, lineage))


USES = {"input": "Made by editing it", "mask": "Made with it as a mask", "reference": "Made after it"}


def _rests(asset: Asset, columns: Sequence[Sequence[Relative]], lineage: Lineage) -> list[Rest]:
    """Return a way to the whole of each column that does not fit. Sources were read first: cut, they had no end."""
    job = asset.job.remote_id if asset.job else ""
    cuts = (lineage.is_cut and not lineage.uses, False, lineage.is_cut)
    places = {"sources": {"used_by": job}, "siblings": {"q": job}, "uses": {"made_from": asset.remote_id}}
    return [
        Rest(f"{len(column) - MOST_OF_A_KIND}{'+' if is_cut else ''} more {name}", urlencode(place))
        for (name, place), column, is_cut in zip(places.items(), columns, cuts, strict=True)
        if len(column) > MOST_OF_A_KIND
    ]


def _drawn(workspace: Workspace, columns: Sequence[Sequence[Relative]], more: list[Rest]) -> Drawing:
    shown = [column[:MOST_OF_A_KIND] for column in columns]
    filled = [number for number, column in enumerate(shown) if column]
    height = max(map(len, shown)) * (SIDE + GAP) + HEAD - GAP // 2
    placed = {
        number: [
            _node(workspace, one, x * COLUMN, _y(row, len(shown[number]), height))
            for row, one in enumerate(shown[number])
        ]
        for x, number in enumerate(filled)
    }
    here = placed[1][0] = _as_here(placed[1][0])
    edges = [_edge(node, here, one.kind) for node, one in zip(placed.get(0, []), shown[0], strict=True)]
    edges += [_edge(here, node, one.kind) for node, one in zip(placed.get(2, []), shown[2], strict=True)]
    width = (len(filled) - 1) * COLUMN + SIDE
    return Drawing([node for column in placed.values() for node in column], edges, width, height, more)


def _y(row: int, rows: int, height: int) -> int:
    """Return the top of a row of a column that stands in the middle of the height."""
    return (height - rows * (SIDE + GAP) + GAP // 2) // 2 + row * (SIDE + GAP)


def _node(workspace: Workspace, one: Relative, x: int, y: int) -> Node:
    sizes = preview_widths(one.asset) if one.asset else []
    src = preview_url(workspace.key, one.asset, sizes[0][0]) if one.asset and sizes else ""
    number, kind = (one.asset.pk, one.asset.kind) if one.asset else (None, "other")
    return Node(x, y, one.role, number, src, kind, one.remote_id)


def _as_here(node: Node) -> Node:
    return Node(node.x, node.y, node.role, node.number, node.src, node.kind, node.remote_id, is_here=True)


def _edge(left: Node, right: Node, kind: str) -> Edge:
    x1, y1, x2, y2 = left.x + SIDE, left.y + SIDE // 2, right.x, right.y + SIDE // 2
    bend = (x2 - x1) // 2
    return Edge(f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}", kind)
