"""The rows in files that a version of a table has and an older version lacks."""

from __future__ import annotations

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake


def read_added(lake: DeltaLake, table: Table, *, since: int, version: int) -> DataFrame:
    """Return the rows in files that were added after a version.

    These are the rows appended since, and older rows that a compaction or a removal of rows has moved into
    other files. The files are read as Parquet: our tables have neither partitions nor deletion vectors. Costs
    a look at the log, and nothing that depends on the rows before.

    Args:
        lake: the lakehouse.
        table: the table.
        since: the older version; if the log no longer has it, all rows are returned.
        version: the version whose rows to return.
    """
    rows = lake.read(table, version=version)
    try:
        before = set(lake.read(table, version=since).inputFiles())
    except PySparkException:
        return rows
    added = [file for file in rows.inputFiles() if file not in before]
    if not added:
        return rows.limit(0)
    return lake.spark.read.schema(schemas.schema_of(table)).parquet(*added)
