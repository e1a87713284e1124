"""What must hold before anything is started or made: each trouble is one clear sentence."""

import os
import socket
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

UNWRITABLE = "DATA_DIR {} cannot be written: choose another with DATA_DIR=..."


def port_is_free(port: int) -> bool:
    """Whether nothing listens on this loopback port and we may."""
    with closing(socket.socket()) as probe:
        # Asked first: macOS lets us bind a loopback address beside another's wildcard one.
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with closing(socket.socket()) as probe:
        # A port that our last run left a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def directory_is_writable(path: Path) -> bool:
    """Whether the directory can be written, or made where it is missing; makes nothing."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def troubles(*, ports: Mapping[str, int], data_dir: Path) -> list[str]:
    """One sentence for each thing in the way; `ports` maps the variable that sets a port to its value."""
    found = [
        f"Port {port} is taken by another program: stop it, or choose another with {variable}=..."
        for variable, port in ports.items()
        if not port_is_free(port)
    ]
    if not directory_is_writable(data_dir):
        found.append(UNWRITABLE.format(data_dir))
    return found
