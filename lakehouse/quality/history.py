"""What validations have found over time."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from foundation.errors import UsageError
from lakehouse.catalog.schemas import RESULTS
from lakehouse.catalog.tables import QUALITY_RESULTS, TABLES
from lakehouse.delta.lake import DeltaLake
from lakehouse.spark.dataframes import dataframe_from_rows


def history(lake: DeltaLake, table: str, *, rule: str | None = None) -> DataFrame:
    """Return the results of a table's rules, newest first.

    Args:
        lake: the lakehouse.
        table: its full name, such as silver.pins_batch.
        rule: only this rule's.

    Raises:
        UsageError: there is no such table.
    """
    names = [known.full_name for known in TABLES if known.suite]
    if table not in names:
        raise UsageError(
            f"no suite judges {table}", where="quality history", hint=f"There are: {', '.join(names)}."
        )
    if not lake.exists(QUALITY_RESULTS):
        return dataframe_from_rows(lake.spark, [], RESULTS)
    found = lake.read(QUALITY_RESULTS).where(F.col("table") == table)
    chosen = found if rule is None else found.where(F.col("rule") == rule)
    return chosen.orderBy(F.desc("at"), "rule", "kind")
