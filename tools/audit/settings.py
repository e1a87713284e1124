"""What the audited server runs with: the bench's settings, at localhost without a proxy before it and without https.

Chromium takes localhost for as safe, so production's cookies hold there.
"""

from tools.bench.settings import *  # noqa: F403

SECURE_SSL_REDIRECT = False
