"""Which statements PostgreSQL plans once a connection, and which for each of their values (docs/adr/0014)."""

from typing import Any

from django.db.backends.postgresql.base import ServerBindingCursor

from dashboard.lib.prepared import PlannedOnce


class PlanningCursor(ServerBindingCursor):
    """Lets a connection keep the plans of what is `PlannedOnce`, and of nothing else that is asked.

    Many rows written by one `executemany` are prepared by the driver itself.
    """

    def execute(
        self,
        query: Any,  # noqa: ANN401 - as the driver takes it
        params: Any = None,  # noqa: ANN401
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Any:  # noqa: ANN401 - itself
        if prepare is None and not isinstance(query, PlannedOnce):
            prepare = False
        # The driver's own, which Django's stubs leave out.
        return super().execute(query, params, prepare=prepare, binary=binary)  # type: ignore[misc]
