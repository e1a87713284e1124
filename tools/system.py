"""The machine under the project: its clear complaint, its package manager."""

import os
import shutil
import subprocess
from functools import cache

APT_SECONDS = 600
# What a person may have set for their own runs, or make for its own, and tests and checks must not inherit.
OURS = (
    *("MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    *("DASHBOARD_MODE", "DEBUG", "DATA_DIR", "SANDBOX_DATA_DIR", "IMAGE_SKILL_API_BASE_URL", "DEMO"),
    *("IMAGE_SKILL_OPERATOR_BASE_URL", "IMAGE_SKILL_OPERATOR_KEY"),
    *("DATABASE_URL", "SANDBOX_DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "DJANGO_SETTINGS_MODULE"),
)


class Trouble(Exception):
    """Something a person must mend; its text is the one clear line to show."""


def clean_environment(data: str) -> dict[str, str]:
    """Our environment without settings of the project's; keys and databases go into the folder given."""
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**env, "DATA_DIR": data, "SANDBOX_DATA_DIR": f"{data}/sandbox"}


def can_apt() -> bool:
    """Whether Debian packages may be installed: as root, where apt-get is."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


@cache
def _apt_update() -> bool:
    return _apt("update")


def _apt(*words: str) -> bool:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            ["apt-get", "-qq", *words], env=env, capture_output=True, timeout=APT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that is allowed; tells whether they are there now. Says what it does."""
    if not can_apt():
        return False
    print(f"Installing {', '.join(packages)} with apt ...", flush=True)
    return _apt_update() and _apt("install", "--yes", "--no-install-recommends", *packages)
