"""Lighthouse, installed from the lock beside this file, looking at one page at a time in a Chromium that is up."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from tools.assets import INSTALL
from tools.browser import chromium, launch_options
from tools.running import free_port
from tools.system import Trouble

FOLDER = Path(__file__).parent
COMMAND = ("node", str(FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"))
CATEGORIES = ("performance", "accessibility", "best-practices")
# Lighthouse slows a processor down four times to play a mid-tier phone, on a machine in the middle of its best class
# (benchmarkIndex 1,500 to 2,000). A slower machine, or a busy one, is slowed down less (its docs/throttling.md).
SLOWDOWN, CALIBRATED_AT = 4.0, 1_750


@dataclass(frozen=True)
class Look:
    """What one look found: scores of 100, the largest paint in ms, shifts, the processor's index, what fell short."""

    scores: Mapping[str, float]
    paint_ms: float
    shift: float
    benchmark_index: float
    short: frozenset[str]

    @property
    def slowdown(self) -> float:
        """How much to slow this machine down, as busy as it is, to play the same phone."""
        return max(1.0, min(SLOWDOWN, SLOWDOWN * self.benchmark_index / CALIBRATED_AT))


def look_of(report: Mapping[str, Any]) -> Look:
    """Return what a report of Lighthouse says. Raises Trouble where the page could not be looked at."""
    if "runtimeError" in report:
        raise Trouble(f"Lighthouse could not look at {report['requestedUrl']}: {report['runtimeError']['message']}")
    audits, categories = report["audits"], report["categories"]
    short = {
        audits[ref["id"]]["title"]
        for name in CATEGORIES
        for ref in categories[name]["auditRefs"]
        if ref["weight"] and (audits[ref["id"]]["score"] or 0) < 1 and audits[ref["id"]]["scoreDisplayMode"] in JUDGED
    }
    return Look(
        {name: round(categories[name]["score"] * 100) for name in CATEGORIES},
        audits["largest-contentful-paint"]["numericValue"],
        audits["cumulative-layout-shift"]["numericValue"],
        report["environment"]["benchmarkIndex"],
        frozenset(short),
    )


JUDGED = ("binary", "numeric", "metricSavings")


def install() -> None:
    """Install what the lock beside this file names. Raises Trouble."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Trouble("Lighthouse needs Node, which is not installed")
    done = subprocess.run(["npm", *INSTALL], cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(f"Lighthouse could not be installed: {done.stderr.strip()[-500:]}")


class Eye:
    """A Chromium that Lighthouse looks through: a phone's screen, an empty cache each time, somebody's cookies."""

    def __init__(self, context: BrowserContext, port: int) -> None:
        self._context, self._port = context, port

    def sign_in(self, cookies: str, url: str) -> None:
        pairs = (pair.partition("=") for pair in cookies.split("; "))
        self._context.clear_cookies()
        self._context.add_cookies(
            # Of the https address: names with __Host- are taken for no other.
            [
                {"name": name, "value": value, "url": url.replace("http:", "https:"), "secure": True}
                for name, _, value in pairs
            ]
        )

    def look(self, url: str, *, slowdown: float, path: Path) -> Look:
        """Look at a page, once more where that failed; the whole report goes to `path`. Raises Trouble."""
        try:
            return self._look(url, slowdown=slowdown, path=path)
        except Trouble:
            return self._look(url, slowdown=slowdown, path=path)

    def _look(self, url: str, *, slowdown: float, path: Path) -> Look:
        words = (
            *(url, "--quiet", "--output=json", f"--output-path={path}", f"--port={self._port}"),
            *(f"--only-categories={','.join(CATEGORIES)}", f"--throttling.cpuSlowdownMultiplier={slowdown:.2f}"),
        )
        done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Trouble(f"Lighthouse failed at {url}: {done.stderr.strip()[-1000:]}")
        return look_of(json.loads(path.read_text()))


@contextmanager
def eye() -> Iterator[Eye]:
    """Start a Chromium, and end it. Raises Trouble."""
    options, port = launch_options(chromium()), free_port()
    options["args"].append(f"--remote-debugging-port={port}")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory(prefix="dashboard-") as profile:
        context = playwright.chromium.launch_persistent_context(profile, **options)
        try:
            yield Eye(context, port)
        finally:
            context.close()
