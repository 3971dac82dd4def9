"""The tables to the report's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, PUBLISHED, QUALITY_RESULTS, STREAM, Table
from lakehouse.delta import lake as delta
from lakehouse.observability.quality_report import quarantine as quarantined
from lakehouse.observability.quality_report import rule_history as verdicts
from lakehouse.observability.quality_report import volumes
from lakehouse.observability.quality_report.model import Report, Said
from lakehouse.quality import publish

SPAN_DAYS = 30


def gather(spark: SparkSession, *, warehouse: str, sentences: Mapping[str, Said], now: datetime) -> Report:
    """Return the report as of now. Tables that are not there yet are left out.

    Reads 30 days of quality.results twice, quarantine twice, and one column of every other table, in the
    published version of those that have one.

    Args:
        spark: the session.
        warehouse: root URL of the tables.
        sentences: what each rule says and measures, by its id.
        now: the clock, UTC.
    """
    since = now - timedelta(days=SPAN_DAYS)
    found = _read(spark, QUALITY_RESULTS, warehouse)
    unit, judged = verdicts.read(found, sentences, since=since) if found is not None else ("day", ())
    lanes = {lane.name: _read(spark, lane.quarantine, warehouse) for lane in (BATCH, STREAM)}
    seen = {table: publish.published(spark, table, warehouse=warehouse) for table in PUBLISHED}
    held = {
        table: rows
        for table in _VOLUMES
        if (rows := _read(spark, table, warehouse, version=seen.get(table))) is not None
    }
    return Report(
        at=now,
        unit=unit,
        span_days=SPAN_DAYS,
        verdicts=judged,
        reasons=quarantined.read({lane: rows for lane, rows in lanes.items() if rows is not None}),
        volumes=volumes.read(held, versions=seen, today=now.date()),
    )


_VOLUMES = (
    BATCH.bronze,
    BATCH.silver,
    BATCH.features,
    CATEGORY_DAILY,
    STREAM.bronze,
    STREAM.silver,
    STREAM.features,
)


def _read(
    spark: SparkSession, table: Table, warehouse: str, *, version: int | None = None
) -> DataFrame | None:
    there = DeltaTable.isDeltaTable(spark, table.path(warehouse))
    return delta.read(spark, table, warehouse=warehouse, version=version) if there else None
