"""The rows in files that a version of a table has and an older version lacks."""

from __future__ import annotations

from pyspark.sql import DataFrame

from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table
from lakehouse.delta import delta_log
from lakehouse.delta.lake import DeltaLake


def read_added(lake: DeltaLake, table: Table, *, since: int, version: int) -> DataFrame:
    """Return the rows in files that were added after a version.

    These are the rows appended since, and older rows that a compaction or a removal of rows has moved into
    other files. The files are read as Parquet: our tables have neither partitions nor deletion vectors. Costs
    one small read for each commit in between, and nothing that depends on the rows before.

    Args:
        lake: the lakehouse.
        table: the table.
        since: the older version; if the log has not all commits after it, all rows are returned.
        version: the version whose rows to return.
    """
    commits = range(since + 1, version + 1)
    files = delta_log.list_added_files(lake.spark, lake.path(table), commits)
    # A table whose version has become smaller has been created again.
    if files is None or since > version:
        return lake.read(table, version=version)
    if not files:
        return lake.read(table, version=version).limit(0)
    return lake.spark.read.schema(schemas.schema_of(table)).parquet(*files)
