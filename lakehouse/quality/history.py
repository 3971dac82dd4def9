"""What validations have found over time."""

from __future__ import annotations

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.errors import UsageError
from lakehouse.catalog.schemas import RESULTS
from lakehouse.catalog.tables import QUALITY_RESULTS, TABLES
from lakehouse.spark import dataframes as literal


def history(spark: SparkSession, table: str, *, warehouse: str, rule: str | None = None) -> DataFrame:
    """Return the results of a table's rules, newest first.

    Args:
        spark: the session.
        table: its full name, such as silver.pins_batch.
        warehouse: root URL of the tables.
        rule: only this rule's.

    Raises:
        UsageError: there is no such table.
    """
    names = [known.full_name for known in TABLES if known.suite]
    if table not in names:
        raise UsageError(
            f"no suite judges {table}", where="quality history", mend=f"There are: {', '.join(names)}."
        )
    path = QUALITY_RESULTS.path(warehouse)
    if not DeltaTable.isDeltaTable(spark, path):
        return literal.frame(spark, [], RESULTS)
    found = spark.read.format("delta").load(path).where(F.col("table") == table)
    chosen = found if rule is None else found.where(F.col("rule") == rule)
    return chosen.orderBy(F.desc("at"), "rule", "kind")
