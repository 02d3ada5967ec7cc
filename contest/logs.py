"""Logs: one JSON line per event on standard output, without entrants' names or secrets."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from gunicorn.glogging import Logger


def configure(level: str) -> None:
    """Set up structlog for this process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def without_secrets(path: str) -> str:
    """An address without what would let its reader in: an invitation's token, the sealed word of a prototype."""
    return re.sub(r"(/invitations/)[^/ ?]+|/[A-Za-z0-9_-]{80,}(?=[/ ?]|$)", lambda found: f"{found[1] or '/'}…", path)


class AccessLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """The access log, which is read also by people who may not open what it names."""

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        for name in ("{raw_uri}e", "U", "r"):
            if name in found:
                found[name] = without_secrets(str(found[name]))
        return found
