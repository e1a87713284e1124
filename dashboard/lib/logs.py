"""One structured line an event, to standard error; the supervisor or the platform keeps them.

Tracebacks are plain, without the values of local variables: those may be tokens.
"""

import logging
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# Each beat of the scheduler, each task that went well and each call of Stripe's SDK is no news.
_QUIET = ("celery.beat", "celery.worker.strategy", "celery.app.trace", "stripe")


class RouteForPath(logging.Filter):
    """Django's own lines name the address; an address may hold what a log must not, so they name its route."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if request is not None and isinstance(record.args, tuple) and len(record.args) == 2:
            match = getattr(request, "resolver_match", None)
            record.args = (record.args[0], match.route if match else "no route")
        return True


def logging_config(*, level: str, is_for_people: bool) -> dict[str, Any]:
    """Return Django's LOGGING, and let structlog's own loggers take the same way out."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last = [plain] if is_for_people else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        "foreign_pre_chain": _SHARED,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "filters": {"route_for_path": {"()": RouteForPath}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["route_for_path"]}},
        "root": {"handlers": ["out"], "level": level},
        "loggers": {name: {"level": "WARNING"} for name in _QUIET},
    }
