"""How .venv comes to be: from a hashed lock, wholly or not at all, once."""

import ast
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools import environment

ROOT = Path(__file__).parent.parent.parent


def wheel(folder: Path, name: str, version: str = "1.0", wish: str = "") -> str:
    """Write an installable package, which may wish for another, into the folder; gives its line for a lock."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    content = {
        f"{name}.py": f"VALUE = {version}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wish}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},sha256={_digest(text)},{len(text)}\n" for file, text in content.items())
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in content.items():
            archive.writestr(file, text)
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a runtime of one package and a development lock of two, from a package index of its own."""
    index = tmp_path / "index"
    index.mkdir()
    for name, value in [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(index)), ("PIP_CONFIG_FILE", os.devnull)]:
        monkeypatch.setenv(name, value)
    root = tmp_path / "project"
    (root / "requirements").mkdir(parents=True)
    runtime = wheel(index, "one")
    (root / "requirements" / "runtime.txt").write_text(runtime)
    (root / "requirements" / "production.txt").write_text(runtime)
    (root / "requirements" / "dev.txt").write_text(runtime + wheel(index, "two"))
    return root


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing in it but pip."""
    folder = tmp_path_factory.mktemp("bare") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


@pytest.fixture
def made(project: Path, bare: Path) -> Path:
    """The project with its runtime installed, in an environment that somebody made by hand."""
    shutil.copytree(bare, project / ".venv", symlinks=True)
    (project / ".venv" / "kept").touch()
    environment.prepare(project, "runtime")
    return project


def installed(root: Path) -> set[str]:
    return {path.stem for path in root.glob(".venv/lib/python3*/site-packages/*.py")} & {"one", "two"}


def call(root: Path, *words: str, **env: str) -> subprocess.Popen[str]:
    """Run the module as the Makefile does, in the project given."""
    return subprocess.Popen(
        [sys.executable, "-m", "tools.environment", *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_environment_is_built_from_the_lock_once(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare(project, "runtime")
    assert installed(project) == {"one"}
    assert "Preparing .venv" in capsys.readouterr().out
    # A second start asks neither pip nor anything else.
    monkeypatch.setattr(subprocess, "run", None)
    environment.prepare(project, "runtime")
    assert capsys.readouterr().out == ""


def test_environment_made_by_hand_is_completed(made: Path) -> None:
    assert installed(made) == {"one"}
    assert (made / ".venv" / "kept").exists()
    assert environment.is_ready(made, "runtime")


def test_environment_grows_for_tests_and_still_serves_the_runtime(made: Path) -> None:
    assert not environment.is_ready(made, "dev")
    environment.prepare(made, "dev")
    assert installed(made) == {"one", "two"}
    assert all(environment.is_ready(made, kind) for kind in ("runtime", "dev"))


def test_changed_lock_is_installed_again(made: Path) -> None:
    lock = environment.lock_file(made, "runtime")
    lock.write_text(environment.lock_file(made, "dev").read_text())
    assert not environment.is_ready(made, "runtime")
    environment.prepare(made, "runtime")
    assert installed(made) == {"one", "two"}


def test_newer_release_of_what_a_package_wishes_for_is_not_looked_at(project: Path) -> None:
    index = project.parent / "index"
    one = environment.lock_file(project, "runtime").read_text()
    wheel(index, "one", "2.0", "Provides-Extra: more\n")
    two = wheel(index, "two", "1.1", "Requires-Dist: one[more]>=1.0\n")
    environment.lock_file(project, "dev").write_text(one + two)
    environment.prepare(project, "dev")
    assert installed(project) == {"one", "two"}
    assert "1.0" in next(project.glob(".venv/lib/python3*/site-packages/one.py")).read_text()


def test_package_with_another_hash_is_refused_and_nothing_is_left(project: Path) -> None:
    lock = environment.lock_file(project, "runtime")
    lock.write_text("one==1.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(environment.Trouble, match=r"runtime\.txt could not be installed: .*HASH|DO NOT MATCH"):
        environment.prepare(project, "runtime")
    assert not (project / ".venv").exists()


def test_unreachable_index_is_one_clear_message_and_leaves_no_stamp(made: Path) -> None:
    unreachable = {"PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "PIP_RETRIES": "0"}
    process = call(made, "dev", PIP_INDEX_URL="http://127.0.0.1:9/simple", **unreachable)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Is the package index reachable?" in errors
    assert "Traceback" not in errors
    assert not any(environment.is_ready(made, kind) for kind in environment.KINDS)


def test_environment_that_was_left_half_made_is_built_anew(project: Path) -> None:
    half = project / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.touch()
    (project / ".venv" / ".unfinished").touch()
    (project / ".venv" / "left-over").touch()
    environment.prepare(project, "runtime")
    assert installed(project) == {"one"}
    assert not (project / ".venv" / "left-over").exists()
    assert not (project / ".venv" / ".unfinished").exists()


def test_environment_whose_python_is_gone_is_not_ready(made: Path) -> None:
    python = made / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert not environment.is_ready(made, "runtime")


def test_two_calls_at_once_build_it_once(project: Path) -> None:
    calls = [call(project, "runtime") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in calls]
    assert [process.returncode for process in calls] == [0, 0]
    assert "".join(outputs).count("Preparing .venv") == 1
    assert installed(project) == {"one"}


def test_file_in_the_way_is_one_clear_line(project: Path) -> None:
    (project / ".venv").touch()
    process = call(project, "runtime")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == f"{Path(project).resolve() / '.venv'} cannot be written: File exists.\n"


def test_unknown_kind_is_refused(project: Path) -> None:
    process = call(project, "everything")
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors.splitlines()) == (
        1,
        ["Unknown environment 'everything': one of runtime, production, dev."],
    )


def bootstrap(setup: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap script after some lines of set-up."""
    code = f"import runpy, sys\n{setup}\nrunpy.run_path({str(ROOT / 'tools' / 'bootstrap.py')!r}, run_name='__main__')"
    env = {name: value for name, value in os.environ.items() if name != "PYTHON"} | {"PATH": path}
    return subprocess.run(
        [sys.executable, "-c", code, "nonsense"], env=env, capture_output=True, text=True, check=False
    )


def test_bootstrap_can_be_read_by_any_python_3() -> None:
    source = (ROOT / "tools" / "bootstrap.py").read_text()
    ast.parse(source, feature_version=(3, 6))


def test_python_that_is_too_old_is_one_clear_line(tmp_path: Path) -> None:
    done = bootstrap("sys.version_info = (3, 9, 2)", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "Python 3.11 or newer is needed, this is 3.9.2. Set PYTHON=/path/to/python3.11.\n"


def test_python_that_is_too_old_finds_a_newer_one(tmp_path: Path) -> None:
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    (tmp_path / "python3.12").symlink_to(sys.executable)
    done = bootstrap("sys.version_info = (3, 9, 2)", str(tmp_path))
    assert "Unknown environment 'nonsense'" in done.stderr
