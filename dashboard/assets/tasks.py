"""Thin tasks: what is to be done stands in rows. Lost or doubled, they change nothing that the rows do not say."""

import os
import time
from threading import BoundedSemaphore

from celery import shared_task

from dashboard.assets import keeping, media, purging

# A file waits for the network, then for a decoder: as many at once as there are processors, whatever is queued.
_at_once = BoundedSemaphore(os.cpu_count() or 1)
# Then others get their turn; the next task goes on.
SECONDS = 20.0


@shared_task
def media_make_due() -> int:
    """Work on files that are due for a while, unless enough of this process do so already; return how many."""
    if not _at_once.acquire(blocking=False):
        return 0
    ends_at, made = time.monotonic() + SECONDS, 0
    try:
        while time.monotonic() < ends_at and media.media_make_next():
            made += 1
    finally:
        _at_once.release()
    return made


@shared_task
def originals_expire() -> int:
    return keeping.originals_expire() + purging.purges_finish()
