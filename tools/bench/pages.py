"""Pages: each against the floors, over a large and a small ledger at once."""

from collections.abc import Iterator
from contextlib import ExitStack

from tools.bench.figures import Figure
from tools.bench.rounds import Contestant, Score, contest
from tools.bench.server import Ledger, Server, running
from tools.bench.size import Size

# Bounds: p50 to p50. The raw floor's is wider on SQLite, where the driver answers sooner.
OF_AUTH_FLOOR = {
    "ledger_page_vs_auth_floor": ("ledger", 2.0),
    "search:common": ("search_common", 4.0),
    "search:miss": ("search_miss", 4.0),
    "ledger_months_page": ("ledger_months", 3.0),
    "overview_page": ("overview", 3.0),
    "agent_page": ("agent", 3.0),
    "inbox_page": ("inbox", 3.0),
    "gallery_page:first": ("gallery", 3.0),
    "gallery_page:month": ("gallery_month", 3.0),
    "purchase_page": ("purchase", 3.0),
    "purchase_list_page": ("purchase_list", 3.0),
    "receipts_page": ("receipts", 3.0),
    "balance_page": ("balance", 3.0),
    "feedback_queue_page": ("feedback_queue", 3.0),
    "feedback_search:hit": ("feedback_search", 4.0),
    "feedback_search:miss": ("feedback_miss", 4.0),
    "feedback_facet_page": ("feedback_facet", 4.0),
    "billing_purchases_page": ("billing_desk", 3.0),
}
GROWTH = {
    "ledger_page_growth:size": ("ledger", "ledger_small"),
    "ledger_page_growth:depth": ("ledger_deepest", "ledger"),
    "ledger_page_growth:workspace": ("ledger", "ledger_median"),
}
FILTER_BOUND = 2.0
# How much slower the admin must be.
ADMIN_BOUNDS = {"sqlite": (10.0, 4_000.0), "postgresql": (30.0, 330.0)}
OVERVIEW_STATEMENTS = 8
RAW_BOUNDS = {"sqlite": 8.0, "postgresql": 6.5}
BASELINES = {"constant": "/bench/constant/", "raw_floor": "/bench/raw/"}


def figures(large: Ledger, small: Ledger, size: Size) -> Iterator[Figure]:
    """Everything that is measured of pages. Raises Trouble when a server does not start."""
    scores, usual_ms = _scores(large, small, size)
    cpu_ms = ", ".join(f"{name} {score.cpu_ms:.2f}" for name, score in scores.items())
    print(f"  server's CPU-ms a request, the lowest: {cpu_ms}", flush=True)
    db, p50 = large.kind, {name: score.p50_ms for name, score in scores.items()}
    for name, (page, other) in GROWTH.items():
        yield Figure(name, db, p50[page], "ms", ("<=", 1.1), p50[other])
    yield Figure("ledger_page_growth:filter", db, p50["ledger_filtered"], "ms", ("<=", FILTER_BOUND), p50["ledger"])
    lean, usual = ADMIN_BOUNDS[db]
    yield Figure("ledger_page_vs_admin:lean", db, p50["admin_lean"], "ms", (">=", lean), p50["ledger"])
    yield Figure("ledger_page_vs_admin:usual", db, usual_ms, "ms", (">=", usual), p50["ledger"])
    yield Figure("ledger_page_vs_raw_floor", db, p50["ledger"], "ms", ("<=", RAW_BOUNDS[db]), p50["raw_floor"])
    for name, (page, bound) in OF_AUTH_FLOOR.items():
        yield Figure(name, db, p50[page], "ms", ("<=", bound), p50["auth_floor"])
    yield from _statements(large, small)


def _statements(large: Ledger, small: Ledger) -> Iterator[Figure]:
    """How often the overview asks the database, and all pages together in the large ledger and in the small one."""
    asked, others = large.plan["statements"], small.plan["statements"]
    print(f"  statements: {', '.join(f'{name} {number}' for name, number in asked.items())}", flush=True)
    yield Figure("statements:overview", large.kind, asked["overview"], "", ("<=", OVERVIEW_STATEMENTS))
    yield Figure("statements:growth", large.kind, sum(asked.values()), "", ("<=", 1), sum(others.values()))


def _scores(large: Ledger, small: Ledger, size: Size) -> tuple[dict[str, Score], float]:
    with ExitStack() as stack:
        server, other, anew = (stack.enter_context(running(ledger)) for ledger in (large, small, large.anew))
        contestants = [Contestant(name, server, path=path) for name, path in BASELINES.items()]
        contestants += [Contestant(page, server, page=page) for page in server.plan["pages"]]
        contestants += [Contestant("ledger_small", other, page="ledger")]
        # The same server gives pages again as they are; what they take when they are made is printed beside.
        contestants += [Contestant(f"{page} made anew", anew, page=page) for page in server.plan["kept"]]
        scores = contest(contestants, rounds=size.rounds, seconds=size.seconds)
        return scores, _usual_ms(server)


def _usual_ms(server: Server) -> float:
    """The usual admin, asked three times outside the rounds: it takes seconds."""
    visitor, _ = server.visitor("auth_floor")
    with visitor:
        answers = [visitor.get("/bench/usual/") for _ in range(3)]
    if any(answer.status != 200 for answer in answers):
        raise RuntimeError("the usual admin answers no page")
    return min(answer.seconds for answer in answers) * 1000
