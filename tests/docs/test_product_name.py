"""The hosted service was renamed once: what pages and mails call it is a setting, and stands nowhere else."""

import ast
from collections.abc import Iterator

from tests.docs.reading import ROOT

NAME = "Image Skill"
# The setting's default.
SETTING = ROOT / "dashboard" / "settings.py"
SOURCES = [path for path in (ROOT / "dashboard").rglob("*.py") if path != SETTING and path.parent.name != "migrations"]
TEMPLATES = [path for path in (ROOT / "templates").rglob("*.*") if path.is_file()]


def said(source: str) -> Iterator[str]:
    """The string literals of a module, without its docstrings."""
    tree = ast.parse(source)
    documenting = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documenting:
            yield node.value


def test_no_template_names_the_product() -> None:
    assert [path for path in TEMPLATES if NAME in path.read_text()] == []


def test_no_sentence_of_the_code_names_the_product() -> None:
    assert [path for path in SOURCES if any(NAME in text for text in said(path.read_text()))] == []


def test_setting_alone_names_it_once() -> None:
    assert [text for text in said(SETTING.read_text()) if NAME in text] == [NAME]


def test_a_name_is_found_in_any_kind_of_literal_but_not_in_a_docstring() -> None:
    source = f'"""{NAME}."""\nA = f"{{A}} {NAME} says"\nB = ("x " "{NAME}")\n'
    assert [NAME in text for text in said(source)].count(True) == 2
