"""Browser tests drive the system's own Chromium; without one, each is skipped by name."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.examples import UNTIMED
from tools.browser import find_chromium, launch_options

CHROMIUM = find_chromium()
END_TO_END = Path(__file__).parent / "e2e"
settings.register_profile("untimed", UNTIMED)
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    # Of pytest-playwright's own fixture, not of ours.
    config.addinivalue_line(
        "filterwarnings", "ignore:Session-scoped fixtures defined as instance methods:pytest.PytestRemovedIn10Warning"
    )


# First, so that `-m browser` already sees the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if END_TO_END in item.path.parents:
            item.add_marker("browser")
        if CHROMIUM is None and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium or Chrome on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args if CHROMIUM is None else {**browser_type_launch_args, **launch_options(CHROMIUM)}
