"""The real client against the real sandbox, in process: `pytest tests/contract --ds=sandbox.settings`."""

import os

if os.environ.get("DJANGO_SETTINGS_MODULE") == "sandbox.settings":
    from tests.contract.fixtures import agent, visitor, world
    from tests.sandbox.fixtures import django_db_modify_db_settings, sandbox_app, sandbox_data

    __all__ = ["agent", "django_db_modify_db_settings", "sandbox_app", "sandbox_data", "visitor", "world"]
else:
    # Under the dashboard's settings the sandbox's tables do not exist.
    collect_ignore_glob = ["*"]
