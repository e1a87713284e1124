"""What the measured server runs with: production's settings from the environment, and the baselines' address.

BENCH_SQLITE names a SQLite file in PostgreSQL's place, which production itself refuses: the same code otherwise.
"""

import os

from dashboard.databases import SQLITE_OPTIONS
from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATABASES as PRODUCTION
from dashboard.settings import INSTALLED_APPS as OURS

ROOT_URLCONF = "tools.bench.urls"
# The baselines' admin, but not where the product's memory is measured.
_admin = [] if "BENCH_PLAIN" in os.environ else ["django.contrib.admin.apps.SimpleAdminConfig"]
INSTALLED_APPS = [*OURS, *_admin]
if "BENCH_SQLITE" in os.environ:
    DATABASES = {
        "default": {
            **PRODUCTION["default"],
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_SQLITE"],
            "OPTIONS": SQLITE_OPTIONS,
        }
    }
# No cache server stands beside the bench: each process keeps what is cached.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Nor does a queue: whoever would be woken up is not there. Celery asks the environment before the settings.
CELERY_BROKER_URL = os.environ["CELERY_BROKER_URL"] = "memory://"
