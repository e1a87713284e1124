"""What a document names is there: linked files and headings, make targets, management commands, paths, walls."""

import re
import tomllib
from urllib.parse import unquote

import pytest
from django.core.management import find_commands, get_commands

from tests.docs.reading import DOCUMENTS, ROOT, code, prose, text

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# A name with a folder and an ending, without a pattern in it: `dashboard/agents/ceremony.py`.
PATH = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)+\.(?:py|md|html|css|js|mjs|json|toml|txt)")


def anchors(document: str) -> set[str]:
    """The headings of a document as a link names them."""
    headings = re.findall(r"^#+ (.+)$", text(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_somewhere(document: str) -> None:
    for link in LINK.findall(prose(document)):
        if "://" in link or link.startswith("mailto:"):
            continue
        file, _, heading = link.partition("#")
        target = (ROOT / document).parent / unquote(file) if file else ROOT / document
        assert target.exists(), link
        if heading:
            assert heading in anchors(str(target)), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z ]*):", text("Makefile"), re.MULTILINE))
    known = {name for line in targets for name in line.split()}
    commands = [piece.partition(" #")[0] for piece in code(document)]
    named = {name for command in commands for name in re.findall(r"(?:^|[\s;&])make ([a-z]+)", command)}
    assert named <= known


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_management_command_exists(document: str) -> None:
    named = {name for piece in code(document) for name in re.findall(r"manage\.py ([a-z_]+)", piece)}
    # The sandbox's commands run under settings of its own.
    assert named <= {*get_commands(), *find_commands(str(ROOT / "sandbox" / "management"))}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_path_exists(document: str) -> None:
    for piece in code(document):
        if PATH.fullmatch(piece):
            assert (ROOT / piece).exists(), piece


def test_architecture_names_the_rooms_in_the_order_of_the_walls() -> None:
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    named = next(piece for piece in code("docs/architecture.md") if " > " in piece)
    assert named.split(" > ") == layers


def test_adrs_are_numbered_without_a_hole_and_say_what_they_must() -> None:
    folder = ROOT / "docs/adr"
    files = sorted(path.name for path in folder.glob("*.md"))
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
    for name in files:
        headings = re.findall(r"^## (.+)$", (folder / name).read_text(), re.MULTILINE)
        assert {"Context", "Decision", "Consequences"} <= set(headings), name


def test_stack_says_why_for_every_dependency() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    wanted = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["dependency-groups"]["dev"],
    ]
    names = {re.split(r"[\[~=><]", line)[0] for line in wanted}
    said = set(code("docs/adr/0001-stack.md"))
    assert names <= said
