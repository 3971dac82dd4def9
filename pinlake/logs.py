"""Structured logs: one JSON line an event on standard error (readable columns on a terminal)."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, level: str = "INFO") -> None:
    """Set up logging for this process.

    Args:
        level: the lowest level that is printed, by its standard name.
    """
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
