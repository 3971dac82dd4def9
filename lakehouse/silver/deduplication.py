"""Deduplication within a batch: the newest event of a pin wins."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def latest_event_per_pin(rows: DataFrame) -> DataFrame:
    """Return the newest event of each pin; if it was repeated, its first occurrence in the topic.

    Costs one shuffle by unique_id. Repeats of an event are in the same partition, because the record key is
    the pin, so the lowest offset is the first occurrence.
    """
    newest_first = Window.partitionBy("unique_id").orderBy(F.desc("event_id"), "partition", "offset")
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where("_rank = 1").drop("_rank")
