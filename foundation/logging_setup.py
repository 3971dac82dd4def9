"""Structured logs on standard error: one JSON line per event, or readable columns on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor


def configure(*, level: str = "INFO") -> None:
    """Set up logging for this process; libraries print only warnings and errors.

    The Kafka client logs four lines per attempt to connect. They are printed at level DEBUG only, because
    Pinlake raises an error when all attempts have failed.

    Args:
        level: name of the lowest level that is printed.
    """
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # sys.stderr is looked up for every line, because tests and commands may replace it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[libraries], level=logging.WARNING, force=True)
    logging.getLogger("kafka").setLevel(logging.NOTSET if level == "DEBUG" else logging.CRITICAL)
