"""Proves that the committed files in static/ are what a rebuild gives, byte for byte. Needs Node and its registry."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.system import Trouble

# Not `npm ci`: it insists on an entry for every platform's binary, and the lock can hold only those that the
# registry it was written from offers. `install` keeps to the lock's versions and hashes all the same.
INSTALL = ("install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund")
# All that `npm run build` reads and writes.
SOURCES = ("package.json", "package-lock.json", "assets", "templates", "static")


def rebuild_differences(root: Path) -> list[str]:
    """The files of static/ that a rebuild changes, adds or drops. Raises Trouble where a rebuild is impossible."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Trouble("no Node")
    with tempfile.TemporaryDirectory(prefix="dashboard-") as folder:
        copy = Path(folder)
        for name in SOURCES:
            source = root / name
            shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy / name)
        for words in (INSTALL, ("run", "build")):
            done = subprocess.run(["npm", *words], cwd=copy, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                return [f"npm {words[0]} failed:", *(done.stdout + done.stderr).strip().splitlines()[-5:]]
        before, after = _files(root / "static"), _files(copy / "static")
        return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
