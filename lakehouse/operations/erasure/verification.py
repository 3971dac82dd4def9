"""Verification of an erasure: a search of every object's bytes and every Parquet value for the pins."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import or_

from isal import igzip
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.data_subjects import Subjects
from foundation.object_store import ObjectStore
from lakehouse.catalog.tables import TABLES, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.erasure.files import CHANGES, read_files
from lakehouse.spark import filesystem

_THREADS = 4
# Types whose values cannot hold an id.
_TYPES_WITHOUT_TEXT = ("tinyint", "smallint", "int", "bigint", "double", "date", "timestamp", "boolean")


def search_objects(store: ObjectStore, subjects: Subjects) -> list[str]:
    """Return the keys of the objects whose bytes mention a subject; gzip is unpacked first.

    Reads the whole bucket. Table logs are searched for the beginnings of ids, as statistics truncate values.
    """
    keys = store.list_keys()

    def mentions_subject(key: str) -> bool:
        body = store.read(key)
        if body is None:
            return False  # removed after it was listed
        if key.endswith(".gz"):
            body = igzip.decompress(body)  # type: ignore[no-untyped-call]  # isal's stubs leave it out
        return subjects.are_mentioned_in(body, prefix_only="/_delta_log/" in key)

    with ThreadPoolExecutor(_THREADS) as pool:
        return [
            key for key, mentioned in zip(keys, pool.map(mentions_subject, keys), strict=True) if mentioned
        ]


def search_values(lake: DeltaLake, subjects: Subjects) -> list[str]:
    """Return the URLs of the Parquet files with a value that mentions a subject.

    Reads all text in all files of all tables, in every version, and in the checkpoints of their logs. One to
    three jobs per table.
    """
    urls: set[str] = set()
    for table in TABLES:
        for rows, ids in _read_parquet(lake, table, subjects):
            mentioned = reduce(or_, (_text(rows).contains(unique_id) for unique_id in ids))
            urls |= {
                row.file_path
                for row in rows.where(mentioned).select(F.col("_metadata.file_path")).distinct().collect()
            }
    return sorted(urls)


def _read_parquet(
    lake: DeltaLake, table: Table, subjects: Subjects
) -> Iterator[tuple[DataFrame, tuple[str, ...]]]:
    path = lake.path(table)
    for folder in (path, f"{path}/{CHANGES}"):
        if filesystem.list_names(lake.spark, folder):
            yield read_files(lake.spark, table, folder), subjects.ids
    if any(name.endswith(".parquet") for name in filesystem.list_names(lake.spark, f"{path}/_delta_log")):
        log = lake.spark.read.option("mergeSchema", "true").parquet(f"{path}/_delta_log/*.parquet")
        yield log, subjects.prefixes


def _text(rows: DataFrame) -> Column:
    """Return all columns that may hold text, joined and in lower case."""
    names = [field.name for field in rows.schema if field.dataType.simpleString() not in _TYPES_WITHOUT_TEXT]
    return F.lower(F.concat_ws(" ", *(F.col(f"`{name}`").cast("string") for name in names)))
