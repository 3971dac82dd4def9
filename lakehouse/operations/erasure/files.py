"""The data files of all versions that hold rows of erased pins, and their removal.

Files are found by their content. Only files that are not part of the newest version are removed. Versions
that need a removed file can no longer be read; all others can.
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
from lakehouse.operations.erasure.rows import belongs_to_subject
from lakehouse.spark import filesystem

CHANGES = "_change_data"
_LOG_ENTRY = "add struct<path: string>, remove struct<path: string>"


@dataclass(frozen=True)
class Purge:
    """The files of one table to remove.

    Attributes:
        urls: the URLs of the files.
        versions: the first and last version that need one of them; None if no version does.
        current: the number of files of the newest version that hold a subject's row again, because the row
            was written after the removal.
    """

    urls: tuple[str, ...]
    versions: tuple[int, int] | None
    current: int


def plan_purge(lake: DeltaLake, table: Table, subjects: Subjects) -> Purge:
    """Find the files that hold a subject's row and are not part of the newest version.

    Lists the table's folder and not its log: an abandoned merge leaves files that no version knows. Costs a
    job over those columns of all files that may name a subject.

    Args:
        lake: the lakehouse.
        table: the table; its newest version no longer has the rows.
        subjects: the pins.
    """
    urls = files_with_subject(lake, table, subjects)
    current = _list_current(lake, table)
    if current & set(map(_file_name, urls)):
        # A current file still holds the rows that a deletion vector hides.
        lake.spark.sql(f"REORG TABLE delta.`{lake.path(table)}` APPLY (PURGE)")
        current = _list_current(lake, table)
    old = tuple(url for url in urls if _file_name(url) not in current)
    return Purge(old, _find_versions(lake, table, old), len(urls) - len(old))


def files_with_subject(lake: DeltaLake, table: Table, subjects: Subjects) -> list[str]:
    """Return the URLs of all files with a subject's row, including those of the change feed."""
    path, urls = lake.path(table), set()
    for folder in (path, f"{path}/{CHANGES}"):
        if filesystem.list_names(lake.spark, folder):
            rows = read_files(lake.spark, table, folder)
            theirs = rows.where(belongs_to_subject(table, subjects))
            paths = theirs.select(F.col("_metadata.file_path")).distinct()
            urls |= {row.file_path for row in paths.collect()}
    return sorted(urls)


def read_files(spark: SparkSession, table: Table, folder: str) -> DataFrame:
    """Return all rows of all Parquet files in a table's folder or its change feed's; the log is left out."""
    reader = spark.read.schema(schemas.schema_of(table)).option("recursiveFileLookup", "true")
    return reader.option("pathGlobFilter", "*.parquet").parquet(folder)


def remove_files(spark: SparkSession, purge: Purge) -> None:
    """Remove the files. May be repeated."""
    for url in purge.urls:
        filesystem.delete(spark, url)


def _list_current(lake: DeltaLake, table: Table) -> set[str]:
    return set(map(_file_name, lake.read(table).inputFiles()))


def _find_versions(lake: DeltaLake, table: Table, urls: Sequence[str]) -> tuple[int, int] | None:
    """Return the first and last version that need one of the files; None if no version does."""
    names = sorted(map(_file_name, urls))
    if not names:
        return None
    log = lake.spark.read.schema(_LOG_ENTRY).json(f"{lake.path(table)}/_delta_log/*.json")
    version = F.substring_index(F.col("_metadata.file_name"), ".", 1).try_cast("bigint")
    row = log.agg(
        F.min(F.when(_action_file("add").isin(*names), version)).alias("first"),
        F.max(F.when(_action_file("remove").isin(*names), version)).alias("end"),
    ).first()
    if row is None or row.end is None:
        return None
    # The log may no longer have the commit that added the file.
    return (row.first if row.first is not None else 0, row.end - 1)


def _action_file(action: str) -> Column:
    return F.substring_index(F.col(f"{action}.path"), "/", -1)


def _file_name(url: str) -> str:
    return url.rsplit("/", 1)[-1]
