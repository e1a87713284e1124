"""What the documents say, taken apart: their code, links and tables; and what the sources read from the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
    ]
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_CODE = re.compile(r"^```[^\n]*\n(?P<block>.*?)^```|(?P<ticks>`+)(?P<span>.+?)(?P=ticks)", re.MULTILINE | re.DOTALL)
# Whoever reads the environment, as it is written in our sources.
READERS = frozenset({"env", "os.environ", "env.ENVIRON"})
# Of every process, and nothing that anybody sets for us.
OF_THE_SYSTEM = frozenset({"PATH", "HOME"})


def text(document: str) -> str:
    return (ROOT / document).read_text()


def code(document: str) -> list[str]:
    """Every piece of code in a document: the lines of its blocks, and its inline spans."""
    pieces: list[str] = []
    for found in _CODE.finditer(text(document)):
        pieces += found["block"].splitlines() if found["block"] is not None else [found["span"]]
    return pieces


def prose(document: str) -> str:
    """A document without its code."""
    return _CODE.sub("", text(document))


def rows(document: str) -> list[list[str]]:
    """The cells of every table row that begins with the name of a variable."""
    lines = [line.strip("|").split(" | ") for line in text(document).splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [[row[0].strip("`"), *row[1:]] for row in cells if _NAME.fullmatch(row[0].strip("`"))]


def environment_names() -> set[str]:
    """The variables that the dashboard, the sandbox, the tools and the Makefile read."""
    sources = [ROOT / "manage.py"]
    for room in ("api_client", "dashboard", "sandbox", "tools"):
        sources += (ROOT / room).rglob("*.py")
    read = {name for source in sources for name in _names_read(ast.parse(source.read_text()))}
    return (read | _makefile_names()) - OF_THE_SYSTEM


def _names_read(tree: ast.AST) -> Iterator[str]:
    """`env.str("X")`, `os.environ.get("X")`, `os.environ["X"]` and `"X" in env.ENVIRON`, whatever the reader's name."""
    place: ast.expr
    name: ast.expr
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            place, name = node.func.value, node.args[0]
        elif isinstance(node, ast.Subscript):
            place, name = node.value, node.slice
        elif isinstance(node, ast.Compare):
            place, name = node.comparators[0], node.left
        else:
            continue
        value = name.value if isinstance(name, ast.Constant) else None
        if isinstance(value, str) and _NAME.fullmatch(value) and ast.unparse(place) in READERS:
            yield value


def _makefile_names() -> set[str]:
    makefile = text("Makefile")
    assigned = set(re.findall(r"^([A-Z_]+) :=", makefile, re.MULTILINE))
    return set(re.findall(r"\$\(([A-Z_]+)\)", makefile)) - assigned
