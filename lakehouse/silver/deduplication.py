"""Deduplication within a batch: an event counts once, and the newest event of a pin wins."""

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


def drop_repeats(rows: DataFrame) -> DataFrame:
    """Return the first occurrence of each event of each pin in the topic.

    An event is the same if pin and event id are; its body does not matter. Costs one shuffle of keys and
    coordinates; the rows themselves stay where they are.

    Args:
        rows: unique_id, event_id, partition and offset, and any other columns.
    """
    place = F.struct("partition", "offset")
    repeated = (
        rows.groupBy(F.col("unique_id").alias("_pin"), F.col("event_id").alias("_event"))
        .agg(F.min(place).alias("_first"), F.count("*").alias("_count"))
        .where("_count > 1")
    )
    same_event = (F.col("unique_id") == F.col("_pin")) & (F.col("event_id") == F.col("_event"))
    is_later = place != F.col("_first")
    return rows.join(F.broadcast(repeated), same_event & is_later, "left_anti")
