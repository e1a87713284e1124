"""Settings of the dashboard: one file, every value from the environment, an embedded default that needs no service.

`local` (the default) keeps all under DATA_DIR and has demo people; `production` takes every secret and service from the
environment and refuses to start with a default. docs/settings.md lists every name; a test keeps it complete.
"""

from collections.abc import Callable
from email.utils import formataddr
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from dashboard.broker import broker_url
from dashboard.content_policy import CONTENT_DIRECTIVES
from dashboard.databases import SQLITE_OPTIONS, postgresql_options
from dashboard.lib.env import address, origin, refuse, sealing_keys, secret_file
from dashboard.lib.logs import logging_config
from dashboard.rates import API_RATES, SIGN_IN_RATES
from dashboard.schedule import SCHEDULE

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

MODE = env.str("DASHBOARD_MODE", default="local")
if MODE not in {"local", "production"}:
    raise ImproperlyConfigured(f"DASHBOARD_MODE must be local or production, got {MODE!r}.")
IS_LOCAL = MODE == "local"
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8001)
DEBUG = env.bool("DEBUG", default=False)

# --- Secrets ---------------------------------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", default="") or (secret_file(DATA_DIR / "keys" / "secret_key") if IS_LOCAL else "")
_token_keys = env.str("TOKEN_KEYS", default="")
if IS_LOCAL and not _token_keys:
    _token_keys = f"local:{secret_file(DATA_DIR / 'keys' / 'token_key', size=32)}"
TOKEN_KEYS = sealing_keys("TOKEN_KEYS", _token_keys) if _token_keys else {}

# --- The hosted API --------------------------------------------------------------------------------------------
IMAGE_SKILL_API_BASE_URL = origin(
    "IMAGE_SKILL_API_BASE_URL",
    env.str("IMAGE_SKILL_API_BASE_URL", default=f"http://127.0.0.1:{SANDBOX_PORT}"),
    https_only=not IS_LOCAL,
)
# Without an address of a real service, `make run` brings its own sandbox and fills it with a demo.
HAS_SANDBOX = IS_LOCAL and "IMAGE_SKILL_API_BASE_URL" not in env.ENVIRON
HAS_DEMO = HAS_SANDBOX and env.bool("DEMO", default=True)
# The operator extension: address and key together or neither. The key goes to no other address, and a real service
# gets none that it did not issue: only our own sandbox is given one that we made.
IMAGE_SKILL_OPERATOR_BASE_URL = env.str("IMAGE_SKILL_OPERATOR_BASE_URL", default="")
IMAGE_SKILL_OPERATOR_KEY = env.str("IMAGE_SKILL_OPERATOR_KEY", default="")
refuse(
    {
        "IMAGE_SKILL_OPERATOR_BASE_URL and IMAGE_SKILL_OPERATOR_KEY must be set together.": bool(
            IMAGE_SKILL_OPERATOR_BASE_URL
        )
        != bool(IMAGE_SKILL_OPERATOR_KEY),
        "IMAGE_SKILL_OPERATOR_KEY must be visible ASCII without spaces.": not all(
            "!" <= character <= "~" for character in IMAGE_SKILL_OPERATOR_KEY
        ),
    }
)
if HAS_SANDBOX and not IMAGE_SKILL_OPERATOR_KEY:
    IMAGE_SKILL_OPERATOR_BASE_URL = IMAGE_SKILL_API_BASE_URL
    IMAGE_SKILL_OPERATOR_KEY = secret_file(DATA_DIR / "keys" / "operator_key")
if IMAGE_SKILL_OPERATOR_BASE_URL:
    IMAGE_SKILL_OPERATOR_BASE_URL = origin(
        "IMAGE_SKILL_OPERATOR_BASE_URL", IMAGE_SKILL_OPERATOR_BASE_URL, https_only=not IS_LOCAL
    )
# --- Stripe: what the billing desk reads and, with a key that may, refunds; without one it says what it cannot see ---
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
# Several while a secret is rolled; without any there is no webhook route.
STRIPE_WEBHOOK_SECRETS = [secret.strip() for secret in env.list("STRIPE_WEBHOOK_SECRETS", default=[])]
STRIPE_WEBHOOK_KEPT_DAYS = env.int("STRIPE_WEBHOOK_KEPT_DAYS", default=90)
BILLING_GRACE_MINUTES = env.int("BILLING_GRACE_MINUTES", default=10)
BILLING_STUCK_MINUTES = env.int("BILLING_STUCK_MINUTES", default=60)
refuse(
    {
        "STRIPE_API_KEY must be a secret or restricted key of Stripe (sk_ or rk_, live or test).": bool(STRIPE_API_KEY)
        and not STRIPE_API_KEY.startswith(("sk_live_", "rk_live_", "sk_test_", "rk_test_")),
        "STRIPE_WEBHOOK_SECRETS must be signing secrets of Stripe (whsec_...).": not all(
            secret.startswith("whsec_") for secret in STRIPE_WEBHOOK_SECRETS
        ),
        "STRIPE_WEBHOOK_KEPT_DAYS must be 1 or more.": STRIPE_WEBHOOK_KEPT_DAYS < 1,
        "BILLING_GRACE_MINUTES and BILLING_STUCK_MINUTES must be 0 or more.": min(
            BILLING_GRACE_MINUTES, BILLING_STUCK_MINUTES
        )
        < 0,
    }
)
if HAS_SANDBOX and not STRIPE_API_KEY:
    STRIPE_API_KEY = f"sk_test_{secret_file(DATA_DIR / 'keys' / 'stripe_key', size=24)}"
    STRIPE_API_BASE = f"{IMAGE_SKILL_API_BASE_URL}/stripe"
    STRIPE_WEBHOOK_SECRETS = [f"whsec_{secret_file(DATA_DIR / 'keys' / 'stripe_webhook_secret', size=24)}"]
if STRIPE_API_BASE:
    STRIPE_API_BASE = address("STRIPE_API_BASE", STRIPE_API_BASE, https_only=not IS_LOCAL)
# Where a payer may be led, besides the API's own address: anything else the service sends never becomes a link.
HAND_OFF_ORIGINS = [
    origin("HAND_OFF_ORIGINS", value, https_only=not IS_LOCAL)
    for value in env.list("HAND_OFF_ORIGINS", default=["https://checkout.stripe.com"])
]
# Where files of assets may be fetched from, besides nobody: whatever address the service tells must be one of these.
MEDIA_ORIGINS = [
    origin("MEDIA_ORIGINS", value, https_only=not IS_LOCAL)
    for value in env.list(
        "MEDIA_ORIGINS", default=[IMAGE_SKILL_API_BASE_URL if HAS_SANDBOX else "https://media.image-skill.com"]
    )
]
# Which addresses that others name may lead into a network that is not public: none but our own sandbox.
PRIVATE_ORIGINS = [
    origin("PRIVATE_ORIGINS", value)
    for value in env.list("PRIVATE_ORIGINS", default=[IMAGE_SKILL_API_BASE_URL] if HAS_SANDBOX else [])
]
# Hosts of trackers to which reviewers may link a report; reached over https alone.
FEEDBACK_TRACKER_HOSTS = env.list("FEEDBACK_TRACKER_HOSTS", default=["github.com", "gitlab.com", "linear.app"])
# How long decided feedback keeps its text, and spam: afterwards only whose it was and what became of it stay.
FEEDBACK_KEEP_DAYS: int = env.int("FEEDBACK_KEEP_DAYS", default=730)
FEEDBACK_SPAM_KEEP_DAYS: int = env.int("FEEDBACK_SPAM_KEEP_DAYS", default=30)
# Tests put transports of their own between the clients and the network here; None is the real one.
API_TRANSPORT: Callable[[], Any] | None = None
STRIPE_TRANSPORT: Callable[[], Any] | None = None

# The product was renamed once (contract): its name is a setting.
PRODUCT_NAME = env.str("PRODUCT_NAME", default="Image Skill")

# --- Where people reach us -------------------------------------------------------------------------------------
DASHBOARD_URL = origin("DASHBOARD_URL", env.str("DASHBOARD_URL", default=f"http://localhost:{PORT}"))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if IS_LOCAL else [])
CSRF_TRUSTED_ORIGINS = [DASHBOARD_URL]
# How many proxies of ours stand in front and append to X-Forwarded-For; 0 trusts nobody's word.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

# --- Data ------------------------------------------------------------------------------------------------------
SQLITE_URL = f"sqlite:///{DATA_DIR / 'dashboard.sqlite3'}"
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url("DATABASE_URL", default=SQLITE_URL)}
_prepares = env.bool("DATABASE_PREPARES", default=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A test database in memory would know no WAL and no second writer: tests get a file like everybody.
    DATABASES["default"] |= {"OPTIONS": SQLITE_OPTIONS, "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")}}
else:
    DATABASES["default"].setdefault("OPTIONS", {}).update(postgresql_options(prepares=_prepares))
# Opening costs more than a page asks: of SQLite too, which reads the whole schema first.
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_cache_url = env.str("CACHE_URL", default="")
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}

_bucket = env.str("STORAGE_BUCKET", default="")
_files = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": _bucket,
        "endpoint_url": env.str("STORAGE_ENDPOINT_URL", default="") or None,
        "region_name": env.str("STORAGE_REGION", default="") or None,
        "access_key": env.str("STORAGE_ACCESS_KEY", default="") or None,
        "secret_key": env.str("STORAGE_SECRET_KEY", default="") or None,
        "default_acl": "private",
        # What is opened comes down whole: beyond this onto disk. The library's default, 0, holds any size in memory.
        "max_memory_size": 4 << 20,
    },
}
# Pictures and exports are their workspace's: nobody else on this machine reads them.
_own_files = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": _files if _bucket else _own_files,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"

# --- Background work: the queue is a wake-up call, the record of work is rows ----------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=broker_url(DATA_DIR / "queue") if IS_LOCAL else "")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Readings wait for the service: in a queue of their own, so that mails, sweeps and heartbeats never wait behind many.
# A worker started without -Q serves all in turn.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("celery", "readings", "media")]
CELERY_TASK_ROUTES = {
    **{f"dashboard.sync.tasks.{task}": {"queue": "readings"} for task in ("agent_sync", "work_sync")},
    # Files wait for hosts and decoders: longer than anything else.
    "dashboard.assets.tasks.media_make_due": {"queue": "media"},
}
CELERY_BEAT_SCHEDULE = SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")

# --- Mail ------------------------------------------------------------------------------------------------------
_email_url = env.str("EMAIL_URL", default="")
vars().update(env.email_url("EMAIL_URL", default="filemail://"))
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=formataddr((PRODUCT_NAME, "dashboard@localhost")))
SERVER_EMAIL = DEFAULT_FROM_EMAIL

if not IS_LOCAL:
    refuse(
        {
            "DEBUG exists in local mode alone.": DEBUG,
            "SECRET_KEY must be set, random and at least 50 characters.": len(SECRET_KEY) < 50
            or len(set(SECRET_KEY)) < 10
            or "insecure" in SECRET_KEY,
            "TOKEN_KEYS must hold the keys that seal agents' tokens.": not TOKEN_KEYS,
            "DATABASE_URL must name a PostgreSQL database.": "postgresql" not in DATABASES["default"]["ENGINE"],
            "CELERY_BROKER_URL must name Redis or RabbitMQ.": not CELERY_BROKER_URL.startswith(
                ("redis://", "rediss://", "amqp://", "amqps://")
            ),
            "CACHE_URL must name a cache that all processes share.": "redis" not in _cache_url,
            "EMAIL_URL must name an SMTP server.": not _email_url.startswith("smtp"),
            "DASHBOARD_URL must be an https address.": not DASHBOARD_URL.startswith("https://"),
            "ALLOWED_HOSTS must list the host names, without a wildcard.": not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS,
            "IMAGE_SKILL_API_BASE_URL must be set.": "IMAGE_SKILL_API_BASE_URL" not in env.ENVIRON,
            "DEMO exists in local mode alone.": "DEMO" in env.ENVIRON,
        }
    )

# --- Django ----------------------------------------------------------------------------------------------------
ROOT_URLCONF = "dashboard.urls"
WSGI_APPLICATION = "dashboard.wsgi.application"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "rest_framework",
    "dashboard.lib",
    "dashboard.notify",
    "dashboard.audit",
    "dashboard.accounts",
    "dashboard.exports",
    "dashboard.freshness",
    "dashboard.agents",
    "dashboard.activity",
    "dashboard.catalog",
    "dashboard.credits",
    "dashboard.support",
    "dashboard.spend",
    "dashboard.assets",
    "dashboard.feedback",
    "dashboard.billing",
    "dashboard.alerts",
    "dashboard.sync",
    "dashboard.api",
    "dashboard.web",
    *(["dashboard.local"] if IS_LOCAL else []),
]
MIDDLEWARE = [
    "dashboard.web.middleware.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, which compresses its own files; pads what it packs, so that lengths tell no secrets (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "dashboard.web.middleware.nul_refusal",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "dashboard.accounts.middleware.session_limits",
    "dashboard.accounts.middleware.AccessMiddleware",
    "dashboard.accounts.middleware.viewer_time_zone",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.accounts.navigation.frame",
            ],
        },
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.str("STATIC_ROOT", default=str(DATA_DIR / "static"))
# The embedded mode serves straight from the source tree: nothing to collect, a second start stays quick.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = IS_LOCAL
if IS_LOCAL:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- People ----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
_passwords = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_passwords}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_passwords}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_passwords}.CommonPasswordValidator"},
    {"NAME": f"{_passwords}.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "dashboard.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# Addresses, passwords and factors are ways in: changing one asks for a fresh sign-in.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = SIGN_IN_RATES
MFA_ADAPTER = "dashboard.accounts.factors.FactorAdapter"
MFA_FORMS = {
    "add_webauthn": "dashboard.accounts.forms.AddPasskeyForm",
    "authenticate_webauthn": "dashboard.accounts.forms.AuthenticatePasskeyForm",
    "login_webauthn": "dashboard.accounts.forms.LoginPasskeyForm",
    "reauthenticate_webauthn": "dashboard.accounts.forms.ReauthenticatePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = f"{PRODUCT_NAME} dashboard"
# Passkeys want https; local mode alone has http://localhost, which browsers take for safe.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = IS_LOCAL
USERSESSIONS_ADAPTER = "dashboard.accounts.factors.SessionAdapter"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- Cookies, transport, headers: __Host- binds a cookie to this very host, but needs https --------------------
_host = "" if IS_LOCAL else "__Host-"
SESSION_COOKIE_NAME = f"{_host}dashboard_session"
CSRF_COOKIE_NAME = f"{_host}dashboard_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not IS_LOCAL
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A session ends this long after its sign-in whatever happens, and sooner when nobody comes.
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_IDLE_SECONDS = 3 * 24 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "dashboard.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = not IS_LOCAL
# Probes come over plain http from inside; they say nothing that needs hiding.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 0 if IS_LOCAL else 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not IS_LOCAL
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": CONTENT_DIRECTIVES}

# --- JSON API --------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dashboard.api.parsers.BoundedJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_THROTTLE_RATES": API_RATES,
    "EXCEPTION_HANDLER": "dashboard.api.errors.answer_for",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "UNAUTHENTICATED_USER": None,
}

# --- Logs ------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(level=LOG_LEVEL, is_for_people=IS_LOCAL)
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    import sentry_sdk

    # Neither people's data nor bodies nor the values of variables: a code, a phrase or a token may be among them.
    sentry_sdk.init(
        dsn=SENTRY_DSN, send_default_pii=False, include_local_variables=False, max_request_body_size="never"
    )
