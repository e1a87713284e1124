"""`make test`, `make check` and `.ci/run`: what they run, what they say, and when they fail."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools import assets, browser, check
from tools import test as make_test
from tools.check import Check
from tools.system import Trouble
from tools.test import Part, Result

ROOT = Path(__file__).parent.parent.parent


def script(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def part(folder: Path, text: str, **options: object) -> Part:
    (folder / "test_it.py").write_text(text)
    return Part(name="it", paths=[str(folder)], settings="sandbox.settings", **options)  # type: ignore[arg-type]


def test_part_that_passes_shows_its_closing_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = make_test.run(part(tmp_path, "def test_one(): pass"))
    assert (result.name, result.outcome) == ("it", "passed")
    assert "1 passed in" in capfd.readouterr().out


def test_part_that_fails_or_runs_nothing_has_failed(tmp_path: Path) -> None:
    assert make_test.run(part(tmp_path, "def test_one(): assert 0")).outcome == "FAILED"
    nothing = make_test.run(part(tmp_path, "VALUE = 1"))
    assert nothing.outcome == "FAILED"
    assert "exit code 5" in nothing.note


def test_part_without_a_test_file_says_so(tmp_path: Path) -> None:
    result = make_test.run(Part(name="it", paths=[str(tmp_path / "none")]))
    assert result == Result("it", "skipped", f"no tests in {tmp_path / 'none'}")


def test_part_knows_nothing_of_the_callers_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOARD_MODE", "production")
    monkeypatch.setenv("DATA_DIR", "/nowhere/mine")
    text = """
        import os

        def test_environment():
            assert "DASHBOARD_MODE" not in os.environ
            assert os.environ["DATA_DIR"] != "/nowhere/mine"
            assert os.environ["OF_THE_PART"] + os.environ["OF_THE_CALL"] == "12"
    """
    asked = part(tmp_path, textwrap.dedent(text), env={"OF_THE_PART": "1"})
    assert make_test.run(asked, {"OF_THE_CALL": "2"}).outcome == "passed"


def test_every_part_runs_and_one_failure_fails_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def run(part: Part, _extra: object = None) -> Result:
        seen.append(part.name)
        return Result(part.name, "FAILED" if part is make_test.EMBEDDED[0] else "passed", "1 s")

    @contextmanager
    def no_services() -> object:
        raise Trouble("no PostgreSQL: none is installed")
        yield

    monkeypatch.setattr(make_test, "run", run)
    monkeypatch.setattr(make_test, "services", no_services)
    monkeypatch.setattr(make_test, "chromium", lambda: "/bin/chromium")
    assert make_test.main() == 1
    halves = ["browser", "browser, the other half"]
    assert sorted(seen) == [*halves, "client, dashboard, machinery, docs", "sandbox and contract"]
    output = capsys.readouterr().out
    assert re.search(r"^FAILED   client, dashboard, machinery, docs +1 s$", output, re.MULTILINE)
    assert re.search(
        r"^skipped  dashboard on PostgreSQL and Redis +no PostgreSQL: none is installed$", output, re.MULTILINE
    )


def test_browser_tests_without_a_browser_are_skipped_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "import pytest\n@pytest.mark.skip('no browser')\n@pytest.mark.browser\ndef test_looks_well(): pass"
    monkeypatch.setattr(make_test, "in_a_browser", lambda: [part(tmp_path, text)])

    def none() -> str:
        raise Trouble("no Chromium")

    monkeypatch.setattr(make_test, "chromium", none)
    assert [line() for line in make_test.run_in_a_browser()] == [[Result("it", "skipped", "no Chromium")]]
    assert "test_looks_well SKIPPED" in capfd.readouterr().out


def test_every_browser_test_is_in_one_half() -> None:
    one, other = make_test.in_a_browser()
    files = {f"tests/e2e/{file.name}" for file in (ROOT / "tests" / "e2e").glob("test_*.py")}
    assert {*one.paths, *other.paths} == {"tests/dashboard", *files}
    assert not {*one.paths} & {*other.paths}
    assert one.existing_paths() == list(one.paths)


def test_shares_are_about_alike(tmp_path: Path) -> None:
    for name, size in {"a": 50, "b": 30, "c": 30, "d": 10}.items():
        (tmp_path / name).write_text("x" * size)
    assert make_test.shares(tmp_path.iterdir(), 2) == [
        [str(tmp_path / "a"), str(tmp_path / "d")],
        [str(tmp_path / "b"), str(tmp_path / "c")],
    ]


def test_chromium_is_the_wished_one_or_one_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "APPLICATIONS", ())
    monkeypatch.setattr(browser, "apt_install", lambda *_: False)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Trouble, match="no Chromium"):
        browser.chromium()
    script(tmp_path, "chromium", "")
    assert browser.chromium() == str(tmp_path / "chromium")
    monkeypatch.setenv("CHROMIUM", "/opt/mine")
    assert browser.chromium() == "/opt/mine"


def test_all_checks_run_and_the_summary_names_the_failing_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_node(_root: Path) -> Sequence[str]:
        raise Trouble("no Node")

    checks = (
        Check("first", ["-c", "print('it is wrong'); raise SystemExit(2)"]),
        Check("second", ["-c", "import os; assert os.environ['EXTRA'] and os.environ['DATA_DIR']"], {"EXTRA": "1"}),
        Check("third", problems=lambda _root: ["a.css", "b.css"]),
        Check("fourth", problems=no_node),
    )
    monkeypatch.setattr(check, "CHECKS", checks)
    assert check.main() == 1
    output = capsys.readouterr().out
    assert "=== first\nit is wrong" in output
    assert "=== third\na.css\nb.css" in output
    summary = output.partition("=== make check\n")[2].splitlines()
    assert summary == ["FAILED   first", "passed   second", "FAILED   third", "skipped  fourth: no Node"]


def test_one_check_can_be_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(check, "CHECKS", (Check("first", ["-c", "0"]), Check("second", ["-c", "1/0"])))
    assert check.main(["first"]) == 0
    assert "second" not in capsys.readouterr().out


def test_made_up_production_is_refused_without_any_one_value() -> None:
    code = "import dashboard.settings"
    for name in ("SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS"):
        values = {key: value for key, value in check.PRODUCTION.items() if key != name}
        outcome, text = check.run(Check("settings", ["-c", code], values), Path("/nowhere"))
        assert outcome == "FAILED", name
        assert name in text


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose style sheet is built by an `npm` of our own that upper-cases its source."""
    programs, root = tmp_path / "bin", tmp_path / "project"
    for folder in (programs, root / "assets", root / "templates", root / "static"):
        folder.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (root / name).write_text("{}")
    (root / "assets" / "app.css").write_text("body {}")
    (root / "static" / "app.css").write_text("BODY {}")
    script(programs, "node", "")
    script(programs, "npm", '[ "$1" = install ] || /usr/bin/tr a-z A-Z < assets/app.css > static/app.css')
    monkeypatch.setenv("PATH", str(programs))
    return root


def test_committed_assets_equal_a_rebuild(look: Path) -> None:
    assert assets.rebuild_differences(look) == []


def test_assets_that_a_rebuild_changes_are_named_and_left_as_they_are(look: Path) -> None:
    (look / "assets" / "app.css").write_text("main {}")
    assert assets.rebuild_differences(look) == ["app.css"]
    assert (look / "static" / "app.css").read_text() == "BODY {}"


def test_failing_build_is_a_problem_and_missing_node_is_a_reason(
    look: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(tmp_path / "bin", "npm", "echo out of paint; exit 1")
    assert assets.rebuild_differences(look) == ["npm install failed:", "out of paint"]
    monkeypatch.setenv("PATH", str(look))
    with pytest.raises(Trouble, match="no Node"):
        assets.rebuild_differences(look)


@pytest.mark.parametrize(("failing", "code"), [("none", 0), ("test", 1), ("check", 1)])
def test_continuous_integration_runs_both_commands_and_fails_with_either(
    tmp_path: Path, failing: str, code: int
) -> None:
    script(tmp_path, "make", f'echo "make $*"; [ "$1" != {failing} ]')
    env = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", str(ROOT / ".ci" / "run")], env=env, capture_output=True, text=True, check=False)  # noqa: S607
    assert done.stdout == "make test\nmake check\n"
    assert done.returncode == code


def test_each_target_prepares_its_environment_first() -> None:
    kinds = {"run": "runtime", "sandbox": "runtime", "agent": "runtime", "test": "dev", "check": "dev", "lock": "dev"}
    # As from a shell, not as from the make that runs these tests.
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for target, kind in kinds.items():
        command = ["make", "--dry-run", target]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[0].endswith(f"tools/bootstrap.py {kind}"), target


def test_stopping_ends_the_parts_that_run(tmp_path: Path) -> None:
    marker = tmp_path / "went-on"
    (tmp_path / "test_slow.py").write_text(
        f"import os, signal, time, pathlib\ndef test_slow():\n"
        f"    os.kill(os.getppid(), signal.SIGTERM)\n    time.sleep(20)\n    pathlib.Path({str(marker)!r}).touch()\n"
    )
    part = f"test.Part(name='slow', paths=[{str(tmp_path)!r}], settings='sandbox.settings')"
    others = "test.run_in_a_browser = list; test.run_on_servers = lambda stack: list"
    code = f"from tools import test; {others}; test.EMBEDDED = [{part}]; test.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert not marker.exists()


def test_part_that_hangs_says_where_and_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_stuck.py").write_text("import time\ndef test_stuck():\n    time.sleep(120)\n")
    # Longer than pytest takes to begin, on a slow machine too.
    monkeypatch.setattr(make_test, "PART_SECONDS", 20)
    shown: list[str] = []
    monkeypatch.setattr("builtins.print", lambda text, **_: shown.append(text))
    result = make_test.run(Part(name="stuck", paths=[str(tmp_path)], settings="sandbox.settings"))
    assert result.outcome == "FAILED"
    assert "test_stuck.py:3: KeyboardInterrupt" in shown[0]


def test_told_to_stop_is_no_traceback() -> None:
    kill = "test.run_in_a_browser = lambda: os.kill(os.getpid(), signal.SIGTERM)"
    code = f"import os, signal; from tools import test; {kill}; test.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "")
