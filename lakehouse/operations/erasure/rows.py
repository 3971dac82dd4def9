"""The rows of erased pins, and their removal from the newest version of a table."""

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

# The stream changes the same tables every few seconds, and the erasure has more time than the stream.
_ATTEMPTS = 40
_BY_COORDINATES = (
    "old.topic <=> new.topic AND old.partition <=> new.partition AND old.offset <=> new.offset "
    # A row from a landing line that was not an envelope has no coordinates.
    "AND (old.topic IS NOT NULL OR old.value = new.value)"
)


def belongs_to_subject(table: Table, subjects: Subjects) -> Column:
    """Return whether a row of a table belongs to a subject.

    A record does if its key or the unique_id of its pin is a subject's. A record that cannot be read as a pin
    does if it mentions a subject anywhere.
    """
    if table.layer == "bronze":
        return _record_belongs(F.col("value"), subjects, key=F.col("key"))
    if table.layer == "quarantine":
        return _record_belongs(F.col("value"), subjects) | _record_belongs(F.col("corrected"), subjects)
    return F.col("unique_id").isin(*subjects.ids)


def count_rows(lake: DeltaLake, table: Table, subjects: Subjects) -> int:
    """Count the subjects' rows in a table. One job, which reads only the columns that may name them."""
    return lake.read(table).where(belongs_to_subject(table, subjects)).count()


def erase_rows(lake: DeltaLake, table: Table, subjects: Subjects, *, commit_info: CommitInfo) -> None:
    """Remove the subjects' rows from the newest version, by a merge that deletes, in one commit.

    Unlike DELETE, a merge writes no condition with an id into the commit. Files that held a row are rewritten
    without it. Costs as much as `lakehouse.delta.lake.DeltaLake.merge_newest`. After a conflict with another
    writer it starts again.

    Args:
        lake: the lakehouse.
        table: bronze, silver, gold's features or quarantine.
        subjects: the pins.
        commit_info: the commit's metadata.
    """
    session = lake.session_with_commit_info(commit_info)
    for attempt in retry_on_conflict(table, attempts=_ATTEMPTS):
        with attempt:
            rows = _select_keys(lake.delta_table(table, session).toDF(), table, subjects)
            target = lake.delta_table(table, session).alias("old")
            merge = target.merge(rows.alias("new"), _match_condition(table))
            merge.whenMatchedDelete().execute()


def _select_keys(rows: DataFrame, table: Table, subjects: Subjects) -> DataFrame:
    columns = table.key or ("topic", "partition", "offset", "value")
    # Computed first: the merge would otherwise read the table that it changes, and twice.
    return rows.where(belongs_to_subject(table, subjects)).select(*columns).distinct().localCheckpoint()


def _match_condition(table: Table) -> str:
    return " AND ".join(f"old.{name} = new.{name}" for name in table.key) or _BY_COORDINATES


def _record_belongs(value: Column, subjects: Subjects, *, key: Column | None = None) -> Column:
    text = F.lower(value.cast("string"))
    name = F.lower(key.cast("string")) if key is not None else F.lit("")
    mentioned = reduce(or_, (text.contains(unique_id) for unique_id in subjects.ids))
    pin = F.lower(F.trim(F.get_json_object(value.cast("string"), "$.unique_id")))
    keyed = name.isin(*subjects.ids)
    # Only a value that may hold an id is parsed: JSON escapes can hide one.
    parsed = F.when(mentioned | text.contains("\\u"), pin.isin(*subjects.ids) | (pin.isNull() & mentioned))
    return F.coalesce(parsed, F.lit(False)) | F.coalesce(keyed, F.lit(False))
