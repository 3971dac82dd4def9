"""The data files that hold rows of erased pins, of whatever version: found by what is in them, and removed.

Only what is no part of the newest version is removed. Versions that need such a file cannot be read any
more; all others can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from foundation.data_subjects import Subjects
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.erasure.rows import theirs
from lakehouse.spark import filesystem

CHANGES = "_change_data"
_LOG_ENTRY = "add struct<path: string>, remove struct<path: string>"


@dataclass(frozen=True)
class Purge:
    """Files of one table to be removed.

    Attributes:
        urls: where they are.
        versions: the first and the last version that needs one of them; None if none does.
        kept: files that hold a subject's row in the newest version: it came after the rows were removed.
    """

    urls: tuple[str, ...]
    versions: tuple[int, int] | None
    kept: int


def plan(lake: DeltaLake, table: Table, subjects: Subjects) -> Purge:
    """Find the files that hold a subject's row and are no part of the newest version.

    Lists the table's folder instead of its log: a merge that was given up leaves files that no version knows.
    Costs a job over the columns of all of them that may name a subject.

    Args:
        lake: the lakehouse.
        table: the table, from whose newest version the rows are gone.
        subjects: whose rows.
    """
    found = holding(lake, table, subjects)
    current = _current(lake, table)
    if current & set(map(_name, found)):
        # Rows that a deletion vector hides are in a current file still.
        lake.spark.sql(f"REORG TABLE delta.`{lake.path(table)}` APPLY (PURGE)")
        current = _current(lake, table)
    old = tuple(url for url in found if _name(url) not in current)
    return Purge(old, _needed_by(lake, table, old), len(found) - len(old))


def holding(lake: DeltaLake, table: Table, subjects: Subjects) -> list[str]:
    """Return the URLs of all files, those of the change feed too, that hold a subject's row."""
    path, found = lake.path(table), set()
    for folder in (path, f"{path}/{CHANGES}"):
        if filesystem.list_names(lake.spark, folder):
            rows = contents(lake.spark, table, folder)
            held = rows.where(theirs(table, subjects)).select(F.col("_metadata.file_path")).distinct()
            found |= {row.file_path for row in held.collect()}
    return sorted(found)


def contents(spark: SparkSession, table: Table, folder: str) -> DataFrame:
    """Return all rows of all Parquet files in a table's folder, or in that of its changes; of no log."""
    reader = spark.read.schema(schemas.schema_of(table)).option("recursiveFileLookup", "true")
    return reader.option("pathGlobFilter", "*.parquet").parquet(folder)


def remove(spark: SparkSession, purge: Purge) -> None:
    """Remove the files. May be run again."""
    for url in purge.urls:
        filesystem.delete(spark, url)


def _current(lake: DeltaLake, table: Table) -> set[str]:
    return set(map(_name, lake.read(table).inputFiles()))


def _needed_by(lake: DeltaLake, table: Table, urls: Sequence[str]) -> tuple[int, int] | None:
    names = sorted(map(_name, urls))
    if not names:
        return None
    log = lake.spark.read.schema(_LOG_ENTRY).json(f"{lake.path(table)}/_delta_log/*.json")
    version = F.substring_index(F.col("_metadata.file_name"), ".", 1).try_cast("bigint")
    row = log.agg(
        F.min(F.when(_file("add").isin(*names), version)).alias("first"),
        F.max(F.when(_file("remove").isin(*names), version)).alias("end"),
    ).first()
    if row is None or row.end is None:
        return None
    # The commit that added it may be gone from the log by now.
    return (row.first if row.first is not None else 0, row.end - 1)


def _file(action: str) -> Column:
    return F.substring_index(F.col(f"{action}.path"), "/", -1)


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]
