"""How a page looks: a walk is walked once, at one size, and what it shows is looked at at every size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
# What breathes or turns for ever is not waited for, nor what stands still in a page that is not painted.
REST = """
async () => {
  const passing = document.getAnimations().filter(one => one.effect.getComputedTiming().endTime < Infinity);
  const ended = Promise.allSettled(passing.map(one => one.finished));
  await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 5000))]);
}
"""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


def violations(page: Any) -> list[str]:
    """Run axe on the page as it is at rest and return what it found, one line each."""
    _rest(page)
    # Run as the test's own script: the page's policy forbids inline ones, and must go on doing so.
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def overflows(page: Any) -> bool:
    """Tell whether the page scrolls sideways as it is at rest."""
    _rest(page)
    found: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return found


def fits(page: Any) -> bool:
    """Tell whether the page fits a desk and a phone without a sideways scroll."""
    return not any(overflows(page) for _ in _every_size(page))


def sound(page: Any) -> None:
    """Assert that axe finds nothing and that nothing scrolls sideways, at a desk and on a phone."""
    for size in _every_size(page):
        found = violations(page)
        assert not found, f"{page.url} {size}: {found}"
        assert not overflows(page), f"{page.url} {size}"


def _rest(page: Any) -> None:
    """Wait until the page is all there and no colour or place is on its way to another."""
    page.wait_for_load_state()
    page.evaluate(REST)


def _every_size(page: Any) -> Iterator[str]:
    """Give the page every size in turn, its own last: it goes on with that one."""
    own = page.viewport_size
    for name, size in sorted(SIZES.items(), key=lambda one: one[1] == own):
        page.set_viewport_size(size)
        yield name
    page.set_viewport_size(own)
