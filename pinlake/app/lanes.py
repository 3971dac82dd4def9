"""Both lanes, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import SparkSession

from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.stream import open_stream


def run_lanes(spark: SparkSession, settings: Settings) -> None:
    """Run both lanes until every record has passed through them."""
    for run_step in list_steps(spark, settings).values():
        run_step()


def list_steps(
    spark: SparkSession, settings: Settings, *, command: str = "pinlake stream"
) -> dict[str, Callable[[], object]]:
    """Return the steps of both lanes in their order, by description.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        command: the command of this process, as the status of the stream lane shows it.
    """
    lake = DeltaLake.of(spark, settings)
    return {
        "batch lane: consume": lambda: consume(settings),
        "batch lane: bronze": lambda: batch_lane.run_bronze(lake),
        "batch lane: silver": lambda: batch_lane.run_silver(lake, text_policy=settings.text_policy),
        "batch lane: gold": lambda: batch_lane.run_gold(lake),
        "stream lane: all layers and Postgres": lambda: open_stream(spark, settings, command=command).drain(),
    }
