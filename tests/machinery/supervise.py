"""Runs a supervisor over small processes, for tests: ``supervise.py SCENARIO FOLDER``."""

import sys
from collections.abc import Callable
from pathlib import Path

from dashboard.local.supervisor import Process, Supervisor

# Says who it is; ends by TERM.
SLEEPER = "import os, time; print('pid', os.getpid()); time.sleep(60)"
# Has a child of its own, in its group.
PARENT = f"import subprocess, sys; print('up'); subprocess.run([sys.executable, '-c', {SLEEPER!r}])"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SLEEPER
DILIGENT = """
import os, signal, sys, time
def finish(*_):
    time.sleep(0.3); print("finished the work"); sys.exit()
signal.signal(signal.SIGTERM, finish)
print("pid", os.getpid())
time.sleep(60)
"""
FAILING = "import sys; print('no luck'); sys.exit(3)"
# Fails at its first start, leaving a child behind; stays up at the second.
ONCE = f"""
import os, subprocess, sys, time
print("pid", os.getpid())
if not os.path.exists("been-here"):
    open("been-here", "w").close()
    subprocess.Popen([sys.executable, "-c", {SLEEPER!r}])
    time.sleep(0.3)
    sys.exit(1)
time.sleep(60)
"""


def python(name: str, code: str, is_ready: Callable[[], bool] | None = None) -> Process:
    return Process(name=name, argv=[sys.executable, "-c", code], env={"GREETING": "hello"}, is_ready=is_ready)


def fail() -> None:
    raise RuntimeError("the demo could not be filled")


def announce() -> None:
    sys.stdout.write("everything is ready\n")
    sys.stdout.flush()


def scenarios(folder: Path) -> dict[str, Callable[[], Supervisor]]:
    sleeper = python("sleeper", SLEEPER)
    marker = folder / "ready"
    slow = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(marker)!r}).touch();" + SLEEPER
    greeter = "import os; print(os.environ['GREETING']);" + SLEEPER
    missing = Process(name="missing", argv=[str(folder / "no-such-program")])
    return {
        "plain": lambda: Supervisor([sleeper, python("parent", PARENT), python("diligent", DILIGENT)]),
        "stubborn": lambda: Supervisor([sleeper, python("stubborn", STUBBORN)], grace=0.5),
        "very-stubborn": lambda: Supervisor([python("stubborn", STUBBORN)], grace=60),
        "failing": lambda: Supervisor([sleeper, python("failing", FAILING)]),
        "once": lambda: Supervisor([python("once", ONCE)]),
        "missing": lambda: Supervisor([sleeper, missing]),
        "ready": lambda: Supervisor([python("slow", slow, marker.exists)], on_ready=announce),
        "not-ready": lambda: Supervisor([sleeper], on_ready=fail),
        "environment": lambda: Supervisor([python("greeter", greeter)]),
    }


if __name__ == "__main__":
    sys.exit(scenarios(Path(sys.argv[2]))[sys.argv[1]]().run())
