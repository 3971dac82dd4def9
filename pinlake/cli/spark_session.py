"""Spark sessions of commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from rich.status import Status

    from foundation.settings import Settings


@contextmanager
def short_spark_session(
    settings: Settings, *, app: str, status: str = "asking Spark"
) -> Iterator[SparkSession]:
    """Start a session for a few small queries; a terminal shows the status meanwhile."""
    with _spark(settings, app=app, status=status, quick=True) as (spark, _):
        yield spark


@contextmanager
def spark_session(
    settings: Settings, *, app: str, status: str = "starting Spark"
) -> Iterator[tuple[SparkSession, Status]]:
    """Start a session for work on the tables; yield it with the status line, which the caller updates."""
    with _spark(settings, app=app, status=status, quick=False) as (spark, line):
        yield spark, line


@contextmanager
def _spark(
    settings: Settings, *, app: str, status: str, quick: bool
) -> Iterator[tuple[SparkSession, Status]]:
    from lakehouse.spark import session

    with Console(stderr=True, highlight=False).status(status) as line:
        spark = session.build(settings, app=app, quick=quick)
        try:
            yield spark, line
        finally:
            session.stop(spark)
