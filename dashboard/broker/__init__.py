"""The embedded message broker: a folder on one machine, spoken to through kombu under the scheme ``folder``.

Importing this package makes ``folder://`` known to kombu, so it is imported where the Celery application is
made. `broker_url` turns a path into the matching ``CELERY_BROKER_URL``.
"""

from pathlib import Path
from urllib.parse import quote

from kombu.transport import TRANSPORT_ALIASES

SCHEME = "folder"

# Only the name is registered: kombu and the transport are imported when a connection is first made.
TRANSPORT_ALIASES[SCHEME] = "dashboard.broker.transport:Transport"


def broker_url(folder: Path) -> str:
    """The broker URL of an absolute folder, percent-encoded: Celery would split the URL at a bare ``;``."""
    return f"{SCHEME}://{quote(str(folder))}"
