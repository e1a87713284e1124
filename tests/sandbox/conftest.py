"""The sandbox's tests run in a process of their own: `pytest tests/sandbox --ds=sandbox.settings`."""

import os

if os.environ.get("DJANGO_SETTINGS_MODULE") == "sandbox.settings":
    from tests.sandbox.fixtures import (
        agent,
        django_db_modify_db_settings,
        operator,
        sandbox_app,
        sandbox_data,
        sandbox_http,
        sign_up,
        stranger,
    )

    __all__ = [
        "agent",
        "django_db_modify_db_settings",
        "operator",
        "sandbox_app",
        "sandbox_data",
        "sandbox_http",
        "sign_up",
        "stranger",
    ]
else:
    # Under the dashboard's settings the sandbox's tables do not exist.
    collect_ignore_glob = ["*"]
