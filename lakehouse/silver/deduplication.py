"""The one rule of precedence within a batch."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def latest_event_per_pin(rows: DataFrame) -> DataFrame:
    """Keep the newest event of each unique_id; of exact repeats the first in the topic.

    One shuffle by unique_id. A repeat is the same event at a later offset of the same partition, the
    key being the pin.
    """
    newest_first = Window.partitionBy("unique_id").orderBy(F.desc("event_id"), "partition", "offset")
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where("_rank = 1").drop("_rank")
