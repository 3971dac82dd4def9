"""Detection of schema drift: the fields of a lane's newest records against those that silver expects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from foundation.event import PIN_FIELDS
from lakehouse.catalog.tables import Lane
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.schema_drift.fields import count_fields
from lakehouse.observability.schema_drift.report import (
    Drift,
    Field,
    classify_fields,
    is_unexpected_type,
    object_key,
)

# A client can send a field with a new name in every record.
MAX_FIELDS = 200


def detect_drift(lake: DeltaLake, lane: Lane, *, days: float, now: datetime) -> Drift | None:
    """Return the drift of a lane and store it for `pinlake status`; None if the lane has no bronze yet.

    Parses the records of the last days once; statistics find their files. Older records that mention a new
    field are parsed too, to date its first appearance.

    Args:
        lake: the lakehouse.
        lane: the lane.
        days: how many days to look back, by the time a row was written.
        now: the current time, UTC.
    """
    if not lake.exists(lane.bronze):
        return None
    bronze = lake.read(lane.bronze)
    since = now - timedelta(days=days)
    recent = F.col("ingested_at") >= F.lit(since)
    # Computed once: the frame is used twice.
    counted = bronze.where(recent).transform(count_fields).localCheckpoint()
    total = counted.agg(F.coalesce(F.sum("firsts"), F.lit(0)), F.count_distinct("field")).first()
    assert total is not None  # an aggregate without groups has one row
    records, names = int(total[0]), int(total[1])
    # Fields that silver expects come first, so that the limit never drops them.
    rows = counted.orderBy(~F.col("field").isin(*PIN_FIELDS), F.desc("records")).limit(MAX_FIELDS).collect()
    fields = classify_fields(_group_by_field(rows, records), records=records)
    earlier = _find_first_seen(bronze.where(~recent), [field.name for field in fields.new])
    new = tuple(replace(field, first_seen=earlier.get(field.name, field.first_seen)) for field in fields.new)
    listed = len({row.field for row in rows})
    drift = Drift(
        lane.name, now.isoformat(), since.isoformat(), records, replace(fields, new=new), names - listed
    )
    lake.put_text(object_key(lane.name), drift.as_json())
    return drift


def _group_by_field(rows: Sequence[Row], records: int) -> list[Field]:
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.field].append(row)
    return [_to_field(name, field_rows, records) for name, field_rows in by_name.items()]


def _to_field(name: str, rows: Sequence[Row], records: int) -> Field:
    # Share and first sight of an expected field are those of its unexpected values, if it has any.
    relevant = [row for row in rows if is_unexpected_type(name, row.type)] or rows
    return Field(
        name,
        {row.type: row.records for row in rows},
        sum(row.records for row in relevant) / max(records, 1),
        min(row.first_seen for row in relevant).astimezone().isoformat(),
    )


def _find_first_seen(older: DataFrame, names: Sequence[str]) -> Mapping[str, str]:
    if not names:
        return {}
    text = F.col("value").cast("string")
    mentioning = older.where(reduce(or_, (text.contains(name) for name in names)))
    counted = mentioning.transform(count_fields).where(F.col("field").isin(*names))
    rows = counted.groupBy("field").agg(F.min("first_seen").alias("at")).collect()
    return {row.field: row["at"].astimezone().isoformat() for row in rows if row["at"]}
