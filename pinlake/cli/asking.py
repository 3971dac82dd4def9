"""The Spark session of a command that asks a few small questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pinlake.settings import Settings


@contextmanager
def asking_spark(settings: Settings, *, app: str, status: str = "asking Spark") -> Iterator[SparkSession]:
    """Start a session for the length of the block, with a line that says so on a terminal."""
    from lakehouse import session

    with Console(stderr=True, highlight=False).status(status):
        spark = session.build(settings, app=app, quick=True)
        try:
            yield spark
        finally:
            session.stop(spark)
