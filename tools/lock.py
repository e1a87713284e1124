"""The three hashed locks in requirements/: ``make lock`` writes them, `problems` proves them in step, offline."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools.environment import KINDS, lock_file

# An extra for whoever installs from pyproject.toml; from a lock the sandbox draws everything.
VIDEO = ("--extra", "sandbox-video")
# What uv is asked for beside the project's own requirements; each lock is held to the versions of the one before.
COMPILE = {
    "runtime": [*VIDEO],
    "production": [*VIDEO, "--extra", "production", "-c", "requirements/runtime.txt"],
    "dev": [*VIDEO, "--extra", "production", "--group", "dev", "-c", "requirements/production.txt"],
}
UV = (
    *("-m", "uv", "pip", "compile", "pyproject.toml", "--quiet", "--universal", "--generate-hashes"),
    *("--python-version", "3.11", "--custom-compile-command", "make lock"),
)
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;]+)")


@dataclass
class Pin:
    """One package of a lock: its version, whether it has hashes, whether pyproject.toml asks for it."""

    version: str
    has_hashes: bool = False
    is_direct: bool = False


def read(text: str) -> dict[str, Pin]:
    """The packages of a lock file's text, by canonical name. Raises ValueError for a line that pins nothing."""
    pins: dict[str, Pin] = {}
    pin: Pin | None = None
    for line in text.splitlines():
        if found := PIN.match(line):
            pin = pins[canonicalize_name(found["name"])] = Pin(found["version"])
        elif line.startswith("    --hash=") and pin:
            pin.has_hashes = True
        elif line.startswith("    #") and pin:
            pin.is_direct = pin.is_direct or "(pyproject.toml" in line
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"not a pinned requirement: {line!r}")
    return pins


def wanted(project: Mapping[str, Any], kind: str) -> dict[str, SpecifierSet]:
    """The versions that pyproject.toml asks for directly in one kind of environment, by canonical name."""
    extras = project["project"]["optional-dependencies"]
    lines = [*project["project"]["dependencies"], *extras["sandbox-video"]]
    if kind != "runtime":
        lines += extras["production"]
    if kind == "dev":
        lines += project["dependency-groups"]["dev"]
    wishes: dict[str, SpecifierSet] = {}
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        # A package may be asked for again, with an extra.
        wishes[name] = wishes.get(name, SpecifierSet()) & requirement.specifier
    return wishes


def problems(root: Path) -> list[str]:
    """One sentence for each thing in which the locks differ from pyproject.toml or from each other."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    found: list[str] = []
    smaller: dict[str, Pin] = {}
    for kind in KINDS:
        try:
            pins = read(lock_file(root, kind).read_text())
        except ValueError as error:
            return [f"{kind}.txt: {error}"]
        found += [f"{kind}.txt: {problem}" for problem in _compare(wanted(project, kind), pins)]
        found += [
            f"{kind}.txt: {name} is not {pin.version} as in the smaller lock"
            for name, pin in smaller.items()
            if name not in pins or pins[name].version != pin.version
        ]
        smaller = pins
    return found


def _compare(wishes: Mapping[str, SpecifierSet], pins: Mapping[str, Pin]) -> list[str]:
    found = [f"{name} has no hashes" for name, pin in pins.items() if not pin.has_hashes]
    found += [f"{name} is in pyproject.toml but not here" for name in wishes.keys() - pins.keys()]
    found += [
        f"{name} is here for pyproject.toml, which does not ask for it"
        for name, pin in pins.items()
        if pin.is_direct and name not in wishes
    ]
    for name in wishes.keys() & pins.keys():
        version, specifier = pins[name].version, wishes[name]
        if not specifier.contains(version, prereleases=True):
            found.append(f"{name} is {version}, but pyproject.toml asks for {specifier}")
    return sorted(found)


def main() -> int:
    """Compile the locks anew; versions move only as far as pyproject.toml lets them, and only where needed."""
    for kind in KINDS:
        done = subprocess.run([sys.executable, *UV, *COMPILE[kind], "-o", f"requirements/{kind}.txt"], check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
