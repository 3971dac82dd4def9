"""What is left of erased pins in the object store: every object's bytes searched, and every Parquet value."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from isal import igzip
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.data_subjects import Subjects
from lakehouse.catalog.tables import TABLES, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.erasure.files import CHANGES, contents
from lakehouse.spark import filesystem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 4
_PLAIN = ("tinyint", "smallint", "int", "bigint", "double", "date", "timestamp", "boolean")


def in_objects(s3: S3Client, bucket: str, subjects: Subjects) -> list[str]:
    """Return the names of the objects whose bytes, unpacked if they are gzip, name a subject.

    Reads the whole bucket. In the logs of the tables as much of an id is searched as statistics hold.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def names_one(key: str) -> bool:
        try:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            return False  # removed since it was listed
        if key.endswith(".gz"):
            body = igzip.decompress(body)  # type: ignore[no-untyped-call]  # isal's stubs leave it out
        return subjects.named_in(body, cut="/_delta_log/" in key)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [key for key, found in zip(keys, pool.map(names_one, keys), strict=True) if found]


def in_values(lake: DeltaLake, subjects: Subjects) -> list[str]:
    """Return the URLs of the Parquet files that hold a value naming a subject.

    Reads all text in all files of all tables, of whatever version, and in the checkpoints of their logs.
    One to three jobs a table.
    """
    found: set[str] = set()
    for table in TABLES:
        for rows, ids in _parquet(lake, table, subjects):
            named = reduce(or_, (_text(rows).contains(unique_id) for unique_id in ids))
            found |= {
                row.file_path
                for row in rows.where(named).select(F.col("_metadata.file_path")).distinct().collect()
            }
    return sorted(found)


def _parquet(
    lake: DeltaLake, table: Table, subjects: Subjects
) -> Iterator[tuple[DataFrame, tuple[str, ...]]]:
    path = lake.path(table)
    for folder in (path, f"{path}/{CHANGES}"):
        if filesystem.list_names(lake.spark, folder):
            yield contents(lake.spark, table, folder), subjects.ids
    if any(name.endswith(".parquet") for name in filesystem.list_names(lake.spark, f"{path}/_delta_log")):
        log = lake.spark.read.option("mergeSchema", "true").parquet(f"{path}/_delta_log/*.parquet")
        yield log, subjects.beginnings


def _text(rows: DataFrame) -> Column:
    """All that may hold text, in lower case."""
    named = [field.name for field in rows.schema if field.dataType.simpleString() not in _PLAIN]
    return F.lower(F.concat_ws(" ", *(F.col(f"`{name}`").cast("string") for name in named)))
