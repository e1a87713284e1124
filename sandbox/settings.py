"""The sandbox's own settings, all by environment (docs/hosted-api.md lists them); nonsense stops it at start.

It has no sessions, no cookies, no users and no admin: a caller is its bearer token.
"""

import os
from pathlib import Path

import environ

from sandbox import env

PROJECT = Path(__file__).resolve().parent.parent

SANDBOX_DATA_DIR = env.writable_folder("SANDBOX_DATA_DIR", PROJECT / "var" / "sandbox")
SANDBOX_PORT = env.whole("SANDBOX_PORT", 8001, low=1, high=65535)
SANDBOX_PUBLIC_URL = env.base_url("SANDBOX_PUBLIC_URL", f"http://127.0.0.1:{SANDBOX_PORT}")
SANDBOX_FREE_CREDITS = env.whole("SANDBOX_FREE_CREDITS", 40, low=0, high=1_000_000)
SANDBOX_DAILY_JOBS = env.whole("SANDBOX_DAILY_JOBS", 4, low=0, high=1_000_000)
SANDBOX_CLAIMED_DAILY_JOBS = env.whole("SANDBOX_CLAIMED_DAILY_JOBS", 200, low=0, high=1_000_000)
SANDBOX_LATENCY_MS = env.whole("SANDBOX_LATENCY_MS", 0, low=0, high=600_000)
SANDBOX_FAILURE_PERCENT = env.whole("SANDBOX_FAILURE_PERCENT", 0, low=0, high=100)
# Requests a minute of one caller; 0 is no limit.
SANDBOX_REQUESTS_PER_MINUTE = env.whole("SANDBOX_REQUESTS_PER_MINUTE", 0, low=0, high=1_000_000)
SANDBOX_MODERATION_PERCENT = env.whole("SANDBOX_MODERATION_PERCENT", 0, low=0, high=100)
SANDBOX_QUOTE_MINUTES = env.whole("SANDBOX_QUOTE_MINUTES", 30, low=1, high=10_080)
# Without its key neither of these two doors is there.
SANDBOX_OPERATOR_KEY = env.access_key("SANDBOX_OPERATOR_KEY")
SANDBOX_OPERATOR_REQUESTS_PER_MINUTE = env.whole("SANDBOX_OPERATOR_REQUESTS_PER_MINUTE", 6000, low=1, high=1_000_000)
SANDBOX_CONTROL_KEY = env.access_key("SANDBOX_CONTROL_KEY")
# Of Stripe's own test mode; without it the stand-in in this process plays Stripe.
SANDBOX_STRIPE_SECRET_KEY = env.stripe_test_key("SANDBOX_STRIPE_SECRET_KEY")
SANDBOX_STRIPE_WEBHOOK_SECRET = os.environ.get("SANDBOX_STRIPE_WEBHOOK_SECRET", "").strip()
SANDBOX_STRIPE_STAND_IN_KEY = env.stripe_test_key("SANDBOX_STRIPE_STAND_IN_KEY")
SANDBOX_STRIPE_WEBHOOK_URLS = env.addresses("SANDBOX_STRIPE_WEBHOOK_URLS")
SANDBOX_STRIPE_PROCESSING_SECONDS = env.whole("SANDBOX_STRIPE_PROCESSING_SECONDS", 3, low=0, high=86_400)
SANDBOX_CHECKOUT_MINUTES = env.whole("SANDBOX_CHECKOUT_MINUTES", 60, low=31, high=1440)
SANDBOX_PAYMENT_BACKED_STATE = env.flag("SANDBOX_PAYMENT_BACKED_STATE")
# Deliveries run beside the requests; tests deliver by hand.
SANDBOX_COURIER = True
# The service's name and documentation address have changed before, so they are settings.
SANDBOX_PROGRAM = os.environ.get("SANDBOX_PROGRAM", "image-skill")
SANDBOX_DOCS_URL = os.environ.get("SANDBOX_DOCS_URL", "https://image-skill.com/cli.md")

SECRET_KEY = env.secret("SANDBOX_SECRET_KEY", SANDBOX_DATA_DIR / "secret_key")
DEBUG = env.flag("SANDBOX_DEBUG")
ALLOWED_HOSTS = env.words("SANDBOX_ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])

INSTALLED_APPS = ["sandbox"]
MIDDLEWARE = ["sandbox.middleware.EnvelopeMiddleware", "sandbox.faults.FaultMiddleware"]
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

# Ten megabytes of picture are 13.4 MB as base64 in JSON; anything above is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

_database = os.environ.get("SANDBOX_DATABASE_URL", "").strip()
DATABASES = {"default": environ.Env.db_url_config(_database or f"sqlite:///{SANDBOX_DATA_DIR / 'sandbox.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"] |= {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            # IMMEDIATE takes the write lock at BEGIN: without it a reader that turns writer fails at once.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # Django's request log writes whole paths, and a path may hold what a careless caller put there.
        "django.request": {"level": "CRITICAL", "propagate": False},
        "django.security": {"level": "CRITICAL", "propagate": False},
        "sandbox": {"level": "INFO"},
    },
}
