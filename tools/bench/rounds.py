"""Interleaved rounds: each contestant in turn, again and again, and the best that each has shown."""

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.bench import proc
from tools.bench.client import Visitor
from tools.bench.server import Server


@dataclass(frozen=True)
class Contestant:
    """A page of one server's plan, or a baseline's address."""

    name: str
    server: Server
    page: str = ""
    path: str = ""

    def visitor(self) -> tuple[Visitor, str]:
        return (Visitor(self.server.port), self.path) if self.path else self.server.visitor(self.page)


@dataclass
class Score:
    """The lowest median time and the lowest CPU time of a request, in milliseconds, over the rounds."""

    p50_ms: float = field(default=float("inf"))
    cpu_ms: float = field(default=float("inf"))


def contest(contestants: Sequence[Contestant], *, rounds: int, seconds: float) -> dict[str, Score]:
    """Let each be asked by one visitor for `seconds` a round; prints a line a round with what others used meanwhile."""
    scores = {one.name: Score() for one in contestants}
    for number in range(1, rounds + 1):
        others = _others()
        started, times = time.monotonic(), []
        for one in contestants:
            p50_ms, cpu_ms = _turn(one, seconds)
            score = scores[one.name]
            score.p50_ms, score.cpu_ms = min(score.p50_ms, p50_ms), min(score.cpu_ms, cpu_ms)
            times.append(f"{one.name} {p50_ms:.2f}")
        used = (_others() - others) / (time.monotonic() - started) * 100
        print(f"  round {number}: others' CPU {used:3.0f} %; p50 ms: {', '.join(times)}", flush=True)
    return scores


def _turn(one: Contestant, seconds: float) -> tuple[float, float]:
    visitor, path = one.visitor()
    times: list[float] = []
    with visitor:
        visitor.get(path)
        cpu, ends_at = _servers_cpu(one.server), time.perf_counter() + seconds
        while time.perf_counter() < ends_at:
            answer = visitor.get(path)
            if answer.status != 200:
                raise RuntimeError(f"{path} answers {answer.status}")
            times.append(answer.seconds)
        cpu = _servers_cpu(one.server) - cpu
    return statistics.median(times) * 1000, cpu / len(times) * 1000


def _servers_cpu(server: Server) -> float:
    return proc.cpu_seconds(proc.family(server.pid))


def _others() -> float:
    """What neither the bench nor a database used: of the machine's CPU since it started."""
    ours = proc.family(os.getpid()) + proc.named("postgres")
    return proc.machine_cpu_seconds() - proc.cpu_seconds(ours)
