"""`make bench` in miniature: it prepares, serves, asks, judges and writes down; what it measures here means nothing."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tools.bench.__main__ import NAMES, WITHOUT_LEDGER, main
from tools.bench.figures import Figure, save, table
from tools.bench.size import Size
from tools.bench.thumbnails import likeness

# Of one size, the two ledgers are one database, filled once.
TINY = Size(events=300, few=300, rounds=1, seconds=0.01, ingested=1_000, requests=100, idle_seconds=1, tail_seconds=1)
KEYS = {"name", "db", "value", "unit", "baseline", "ratio", "bound", "ok"}


def test_groups_are_measured_and_written_as_sound_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    groups = [name for name in NAMES if name not in WITHOUT_LEDGER]
    main([*groups, "--quick", "--db", "sqlite"], {"quick": TINY})
    rows: list[dict[str, Any]] = json.loads((tmp_path / "bench.json").read_text())
    names = {row["name"].partition(":")[0] for row in rows}
    pages = {"ledger_page_vs_auth_floor", "ledger_page_growth", "overview_page", "purchase_page", "statements"}
    assert names >= pages | set(groups) - {"pages"}
    for row in rows:
        assert row.keys() == KEYS
        assert (row["db"], type(row["ok"])) == ("sqlite", bool)
        assert row["value"] > 0
        assert row["bound"][0] in ("<=", ">=")


def test_likeness_is_whole_for_the_same_picture_and_less_for_another() -> None:
    wanted = Image.effect_noise((64, 64), 60)
    same, other = io.BytesIO(), io.BytesIO()
    wanted.save(same, "WEBP", lossless=True)
    Image.effect_noise((64, 64), 60).save(other, "WEBP", lossless=True)
    assert likeness(same.getvalue(), wanted) > 0.99
    assert likeness(other.getvalue(), wanted) < 0.5


def test_group_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "no group of figures: speed" in capsys.readouterr().err


def test_ratio_is_judged_where_there_is_a_baseline_else_the_value() -> None:
    assert Figure("a", "sqlite", 3.0, "ms", ("<=", 2.0), 1.5).is_ok
    assert not Figure("a", "sqlite", 3.1, "ms", ("<=", 2.0), 1.5).is_ok
    assert Figure("a", "sqlite", 3.0, "rows/s", (">=", 3.0)).is_ok
    assert not Figure("a", "sqlite", 2.9, "rows/s", (">=", 3.0)).is_ok


def test_missed_bound_is_marked_in_the_table() -> None:
    good, bad = Figure("good", "sqlite", 1.0, "s", ("<=", 5)), Figure("bad", "sqlite", 6.0, "s", ("<=", 5))
    lines = table([good, bad]).splitlines()[1:]
    assert [line.endswith("MISSED") for line in lines] == [False, True]


def test_figure_measured_again_takes_the_place_of_the_old_one_and_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    save([Figure("a", "sqlite", 1.0, "s", ("<=", 5)), Figure("b", "sqlite", 2.0, "s", ("<=", 5))], path)
    save([Figure("a", "sqlite", 3.0, "s", ("<=", 5)), Figure("a", "postgresql", 4.0, "s", ("<=", 5))], path)
    rows = json.loads(path.read_text())
    assert {(row["name"], row["db"]): row["value"] for row in rows} == {
        ("a", "sqlite"): 3.0,
        ("b", "sqlite"): 2.0,
        ("a", "postgresql"): 4.0,
    }
