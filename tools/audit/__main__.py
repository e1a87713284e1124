"""`make audit`: what Lighthouse says of each kind of page on a phone; `make audit ONLY=gallery ARGS=--quick` of one.

docs/performance.md tells how it looks. Ends with 1 when a page misses a bound.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from tools.audit.lighthouse import CATEGORIES, SLOWDOWN, Eye, Look, eye, install
from tools.audit.stage import stage
from tools.bench.figures import Figure, save, table
from tools.bench.server import Server
from tools.running import ROOT
from tools.system import Trouble

PAGES = ("gallery", "viewer", "overview", "agent", "ledger", "spend", "receipts", "feedback")
ROUNDS = 5
MOST_PAINT_SECONDS = 1.0


def main(words: Sequence[str]) -> int:
    """Look at the pages asked for, print and save what was found; 1 when one misses a bound."""
    wish = _wish(words)
    data = Path(os.environ.get("DATA_DIR", ROOT / "var")).resolve()
    reports = data / "audit"
    reports.mkdir(parents=True, exist_ok=True)
    install()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="dashboard-") as folder, stage(Path(folder)) as server, eye() as one:
        for page in wish.only or PAGES:
            looks = _looks(one, server, page, 1 if wish.quick else ROUNDS, reports)
            figures += figures_of(page, looks)
            for title in sorted(frozenset().union(*(look.short for look in looks))):
                print(f"  {page}: {title}", flush=True)
    save(figures, data / "audit.json")
    print(f"\n=== make audit\n{table(figures)}\nReports: {reports}", flush=True)
    return 0 if all(figure.is_ok for figure in figures) else 1


def figures_of(page: str, looks: Sequence[Look]) -> Iterator[Figure]:
    """Judge a page by the median of its looks."""
    for name in CATEGORIES:
        score = median(look.scores[name] for look in looks)
        yield Figure(f"{page}:{name}", "sqlite", score, "of 100", (">=", 100))
    paint, shift = median(look.paint_ms for look in looks) / 1_000, median(look.shift for look in looks)
    yield Figure(f"{page}:largest_paint", "sqlite", paint, "s", ("<=", MOST_PAINT_SECONDS))
    yield Figure(f"{page}:layout_shift", "sqlite", shift, "", ("<=", 0))


def _looks(one: Eye, server: Server, page: str, rounds: int, reports: Path) -> list[Look]:
    """Look so often, after once that says how busy this machine is and fills what the server keeps."""
    cookies, path = server.plan["pages"][page]
    url = f"http://localhost:{server.port}"
    one.sign_in(cookies, url)
    slowdown, looks = SLOWDOWN, []
    for number in range(rounds + 1):
        look = one.look(url + path, slowdown=slowdown, path=reports / f"{page}-{number}.json")
        print(f"{page} {number}: {_line(look)} (slowed down {slowdown:.1f} times)", flush=True)
        slowdown = look.slowdown
        looks.append(look)
    return looks[1:]


def _line(look: Look) -> str:
    scores = " ".join(f"{look.scores[name]:.0f}" for name in CATEGORIES)
    return f"{scores}, largest paint {look.paint_ms:.0f} ms, shift {look.shift:.3f}, index {look.benchmark_index:.0f}"


def _wish(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make audit")
    parser.add_argument("only", nargs="*", choices=[[], *PAGES], help="pages; all by default")
    parser.add_argument("--quick", action="store_true", help="one round")
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(str(trouble))
    except KeyboardInterrupt:
        sys.exit(130)
