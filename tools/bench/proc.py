"""CPU and memory of processes, from /proc."""

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and everything it started."""
    found = [pid]
    for one in found:
        for task in (PROC / str(one) / "task").glob("*"):
            found += map(int, _text(task / "children").split())
    return found


def named(name: str) -> list[int]:
    """Every process of that name."""
    return [int(folder.name) for folder in PROC.glob("[0-9]*") if _text(folder / "comm").strip() == name]


def cpu_seconds(pids: Iterable[int]) -> float:
    """What they have used so far; ended ones count nothing."""
    # The name, in brackets, may hold anything: fields are counted from behind it.
    fields = (_text(PROC / str(pid) / "stat").rpartition(")")[2].split() for pid in pids)
    return sum(int(field[11]) + int(field[12]) for field in fields if field) / TICKS


def machine_cpu_seconds() -> float:
    """What the whole machine has used since it started, all processors together, with what its host took away."""
    user, nice, system, _idle, _wait, *more = map(int, _text(PROC / "stat").split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(more)) / TICKS


def memory_bytes(pids: Iterable[int]) -> int:
    """Their memory, what they share counted once (proportional set size)."""
    lines = (line for pid in pids for line in _text(PROC / str(pid) / "smaps_rollup").splitlines())
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def resident_bytes(pid: int) -> int:
    """What `ps` calls RSS."""
    return int(_text(PROC / str(pid) / "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def own_bytes(pid: int) -> int:
    """Its memory without the files that it maps: SQLite reads through such a window, which the system takes back."""
    resident, mapped = _text(PROC / str(pid) / "statm").split()[1:3]
    return (int(resident) - int(mapped)) * os.sysconf("SC_PAGE_SIZE")


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
