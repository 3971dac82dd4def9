"""A look at a lane's newest records: their fields beside those that silver knows."""

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

# A client can send a field of another name with every record.
MAX_FIELDS = 200


def detect_drift(lake: DeltaLake, lane: Lane, *, days: float, now: datetime) -> Drift | None:
    """Return what has drifted in a lane, and keep it for `pinlake status`; None if it has no bronze yet.

    Parses the records of the last days once, whose files are found by statistics. For a field that silver
    does not know, older records that mention it are parsed too, to tell since when there is one.

    Args:
        lake: the lakehouse.
        lane: whose bronze.
        days: how far to look back, by when a row was written.
        now: the clock, UTC.
    """
    if not lake.exists(lane.bronze):
        return None
    bronze = lake.read(lane.bronze)
    since = now - timedelta(days=days)
    recent = F.col("ingested_at") >= F.lit(since)
    # Written down: it is asked twice.
    found = bronze.where(recent).transform(count_fields).localCheckpoint()
    total = found.agg(F.coalesce(F.sum("firsts"), F.lit(0)), F.count_distinct("field")).first()
    assert total is not None  # an aggregate without groups has one row
    records, names = int(total[0]), int(total[1])
    # What silver knows is listed whatever else there is.
    first = found.orderBy(~F.col("field").isin(*PIN_FIELDS), F.desc("records")).limit(MAX_FIELDS).collect()
    drifted = classify_fields(_fields(first, records), records=records)
    earlier = _first_seen(bronze.where(~recent), [field.name for field in drifted.new])
    new = tuple(replace(field, first_seen=earlier.get(field.name, field.first_seen)) for field in drifted.new)
    listed = len({row.field for row in first})
    told = Drift(
        lane.name, now.isoformat(), since.isoformat(), records, replace(drifted, new=new), names - listed
    )
    lake.put_text(object_key(lane.name), told.as_json())
    return told


def _fields(rows: Sequence[Row], records: int) -> list[Field]:
    by_name: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_name[row.field].append(row)
    return [_field(name, held, records) for name, held in by_name.items()]


def _field(name: str, rows: Sequence[Row], records: int) -> Field:
    meant = [row for row in rows if is_unexpected_type(name, row.type)] or rows
    return Field(
        name,
        {row.type: row.records for row in rows},
        sum(row.records for row in meant) / max(records, 1),
        min(row.first_seen for row in meant).astimezone().isoformat(),
    )


def _first_seen(older: DataFrame, names: Sequence[str]) -> Mapping[str, str]:
    if not names:
        return {}
    text = F.col("value").cast("string")
    mentioning = older.where(reduce(or_, (text.contains(name) for name in names)))
    found = mentioning.transform(count_fields).where(F.col("field").isin(*names))
    rows = found.groupBy("field").agg(F.min("first_seen").alias("at")).collect()
    return {row.field: row["at"].astimezone().isoformat() for row in rows if row["at"]}
