"""Where this machine keeps a Chromium for the browser tests."""

import os
import shutil
from pathlib import Path
from typing import Any

from tools.system import Trouble, apt_install

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: CHROMIUM's, one on the path, or an application's; None without any."""
    wish = os.environ.get("CHROMIUM")
    if wish:
        return wish
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or next((path for path in APPLICATIONS if Path(path).exists()), None)


def chromium() -> str:
    """The same, installed by apt where it is missing and that is allowed. Raises Trouble."""
    found = find_chromium() or (find_chromium() if apt_install("chromium") else None)
    if found is None:
        raise Trouble("no Chromium or Chrome is installed, and apt cannot install one here")
    return found


def launch_options(executable: str) -> dict[str, Any]:
    """What Playwright needs to start it: without Chromium's sandbox as root, without calls to its maker's hosts."""
    flags = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")
    return {"executable_path": executable, "args": flags}
