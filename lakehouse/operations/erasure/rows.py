"""The rows of erased pins: which they are, and their removal from the newest version of a table."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from foundation.data_subjects import Subjects
from lakehouse.catalog.tables import Table
from lakehouse.delta.commit_info import CommitInfo
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.retries import retry_on_conflict

# The stream changes the same tables every few seconds, and the erasure can wait longer than it.
_ATTEMPTS = 40
_BY_COORDINATES = (
    "old.topic <=> new.topic AND old.partition <=> new.partition AND old.offset <=> new.offset "
    # A line of landing that was no envelope has none.
    "AND (old.topic IS NOT NULL OR old.value = new.value)"
)


def theirs(table: Table, subjects: Subjects) -> Column:
    """Return whether a row of a table is a subject's.

    A record is, if its key or its pin's unique_id is; one that can be read as no pin, if it names a subject
    anywhere.
    """
    if table.layer == "bronze":
        return _record(F.col("value"), subjects, key=F.col("key"))
    if table.layer == "quarantine":
        return _record(F.col("value"), subjects) | _record(F.col("corrected"), subjects)
    return F.col("unique_id").isin(*subjects.ids)


def count(lake: DeltaLake, table: Table, subjects: Subjects) -> int:
    """Count a table's rows of the subjects. One job that reads the columns that may name them."""
    return lake.read(table).where(theirs(table, subjects)).count()


def erase(lake: DeltaLake, table: Table, subjects: Subjects, *, commit_info: CommitInfo) -> None:
    """Remove the subjects' rows from the newest version: a merge that deletes, in one commit.

    Unlike DELETE it writes no condition with an id into the commit. The files that held a row are written
    anew without it, whatever else is in them; costs as `lakehouse.delta.lake.merge_newest`. If another
    writer was first, it looks again.

    Args:
        lake: the lakehouse.
        table: bronze, silver, gold's features or quarantine.
        subjects: whose rows.
        commit_info: what the commit says about itself.
    """
    session = lake.session_with_commit_info(commit_info)
    for attempt in retry_on_conflict(table, attempts=_ATTEMPTS):
        with attempt:
            found = _found(lake.delta_table(table, session).toDF(), table, subjects)
            target = lake.delta_table(table, session).alias("old")
            merge = target.merge(found.alias("new"), _same(table))
            merge.whenMatchedDelete().execute()


def _found(rows: DataFrame, table: Table, subjects: Subjects) -> DataFrame:
    columns = table.key or ("topic", "partition", "offset", "value")
    # Written down first: the merge would otherwise read what it changes, and twice.
    return rows.where(theirs(table, subjects)).select(*columns).distinct().localCheckpoint()


def _same(table: Table) -> str:
    return " AND ".join(f"old.{name} = new.{name}" for name in table.key) or _BY_COORDINATES


def _record(value: Column, subjects: Subjects, *, key: Column | None = None) -> Column:
    text = F.lower(value.cast("string"))
    name = F.lower(key.cast("string")) if key is not None else F.lit("")
    mentioned = reduce(or_, (text.contains(unique_id) for unique_id in subjects.ids))
    pin = F.lower(F.trim(F.get_json_object(value.cast("string"), "$.unique_id")))
    keyed = name.isin(*subjects.ids)
    # Only what may name one is parsed: an id can hide behind JSON's escapes.
    read = F.when(mentioned | text.contains("\\u"), pin.isin(*subjects.ids) | (pin.isNull() & mentioned))
    return F.coalesce(read, F.lit(False)) | F.coalesce(keyed, F.lit(False))
