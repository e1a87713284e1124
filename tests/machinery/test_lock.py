"""Whether the hashed locks are in step with pyproject.toml, found out without a network."""

from pathlib import Path

import pytest

from tools import lock

ROOT = Path(__file__).parent.parent.parent
PROJECT = """
[project]
name = "sample"
version = "1"
dependencies = ["web~=5.2.0", "Some_Client>=3; python_version >= '3.11'"]
[project.optional-dependencies]
production = ["web[fast]", "driver>=2"]
sandbox-video = ["film>=1"]
[dependency-groups]
dev = ["linter"]
"""


def pin(name: str, version: str, *, direct: bool = True, hashes: bool = True) -> str:
    lines = [f"{name}=={version} \\"] if hashes else [f"{name}=={version}"]
    lines += ["    --hash=sha256:" + "0" * 64] if hashes else []
    return "\n".join([*lines, "    # via sample (pyproject.toml)" if direct else "    # via web"]) + "\n"


RUNTIME = pin("web", "5.2.3") + pin("some-client", "3.1") + pin("film", "1.0") + pin("leaf", "1.0", direct=False)
PRODUCTION = RUNTIME + pin("driver", "2.2")
DEV = PRODUCTION + pin("linter", "0.1")


def problems(root: Path, *, runtime: str = RUNTIME, production: str = PRODUCTION, dev: str = DEV) -> list[str]:
    (root / "requirements").mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(PROJECT)
    for kind, text in [("runtime", runtime), ("production", production), ("dev", dev)]:
        (root / "requirements" / f"{kind}.txt").write_text(f"# written by a tool\n{text}")
    return lock.problems(root)


def test_our_own_locks_are_in_step() -> None:
    assert lock.problems(ROOT) == []


def test_locks_in_step_have_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_requirement_without_a_pin_is_found(tmp_path: Path) -> None:
    assert problems(tmp_path, dev=PRODUCTION) == ["dev.txt: linter is in pyproject.toml but not here"]


def test_pin_that_nobody_asks_for_any_more_is_found(tmp_path: Path) -> None:
    found = problems(tmp_path, dev=DEV + pin("former", "1.0"))
    assert found == ["dev.txt: former is here for pyproject.toml, which does not ask for it"]


def test_version_outside_the_requirement_is_found(tmp_path: Path) -> None:
    newer = [text.replace("5.2.3", "6.0") for text in (RUNTIME, PRODUCTION, DEV)]
    found = problems(tmp_path, runtime=newer[0], production=newer[1], dev=newer[2])
    assert found == [
        f"{kind}.txt: web is 6.0, but pyproject.toml asks for ~=5.2.0" for kind in ("runtime", "production", "dev")
    ]


def test_pin_without_hashes_is_found(tmp_path: Path) -> None:
    assert problems(tmp_path, dev=PRODUCTION + pin("linter", "0.1", hashes=False)) == ["dev.txt: linter has no hashes"]


def test_larger_lock_with_other_versions_is_found(tmp_path: Path) -> None:
    found = problems(tmp_path, dev=DEV.replace("driver==2.2", "driver==2.3").replace("leaf==1.0", "twig==1.0"))
    assert found == [
        "dev.txt: leaf is not 1.0 as in the smaller lock",
        "dev.txt: driver is not 2.2 as in the smaller lock",
    ]


@pytest.mark.parametrize("line", ["web>=5", "-e .", "git+https://example.com/x", "web @ https://example.com/x.whl"])
def test_line_that_pins_nothing_is_found(tmp_path: Path, line: str) -> None:
    assert problems(tmp_path, runtime=f"{line}\n") == [f"runtime.txt: not a pinned requirement: {line!r}"]
