"""`make audit`: how a report of Lighthouse is read and a page judged; the look itself needs Node and minutes."""

from typing import Any

import pytest

from tools.audit.__main__ import PAGES, figures_of, main
from tools.audit.lighthouse import Look, look_of
from tools.system import Trouble


def report(**changes: Any) -> dict[str, Any]:
    """What Lighthouse writes, as far as it is read, of a page that is as it should be."""
    score, refs = {"score": 1}, {"auditRefs": []}
    audits = {
        "largest-contentful-paint": {"numericValue": 900.0},
        "cumulative-layout-shift": {"numericValue": 0},
        "label": {"title": "Fields have labels", "score": 1, "scoreDisplayMode": "binary"},
    }
    categories = {
        "performance": score | refs,
        "accessibility": score | {"auditRefs": [{"id": "label", "weight": 3}]},
        "best-practices": score | refs,
    }
    whole = {"requestedUrl": "/", "audits": audits, "categories": categories, "environment": {"benchmarkIndex": 875}}
    return {**whole, **changes}


def looked(performance: float = 100, paint_ms: float = 900, shift: float = 0) -> Look:
    scores = {"performance": performance, "accessibility": 100.0, "best-practices": 100.0}
    return Look(scores, paint_ms, shift, 1_750, frozenset())


def missed(looks: list[Look]) -> set[str]:
    return {figure.name for figure in figures_of("gallery", looks) if not figure.is_ok}


def test_report_is_read_in_points_and_says_what_fell_short() -> None:
    look = look_of(report())
    assert (set(look.scores.values()), look.paint_ms, look.short) == ({100}, 900, set())
    short = report()
    short["audits"]["label"]["score"] = 0
    assert look_of(short).short == {"Fields have labels"}


def test_page_that_could_not_be_looked_at_is_trouble() -> None:
    with pytest.raises(Trouble, match="no answer"):
        look_of(report(runtimeError={"message": "no answer"}))


def test_half_as_fast_a_machine_is_slowed_down_half_as_much() -> None:
    assert (look_of(report()).slowdown, looked().slowdown) == (2, 4)
    assert look_of(report(environment={"benchmarkIndex": 10})).slowdown == 1


def test_page_is_judged_by_its_median_look() -> None:
    assert missed([looked(), looked(paint_ms=4_000), looked(performance=90), looked()]) == set()
    assert missed([looked(paint_ms=1_001), looked(paint_ms=1_002), looked()]) == {"gallery:largest_paint"}
    assert missed([looked(performance=99, shift=0.001)]) == {"gallery:performance", "gallery:layout_shift"}


def test_page_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["cellar"])
    said = capsys.readouterr().err
    assert all(page in said for page in PAGES)
