"""The tables to the report's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, PUBLISHED, QUALITY_RESULTS, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.quality_report import quarantine as quarantined
from lakehouse.observability.quality_report import rule_history as verdicts
from lakehouse.observability.quality_report import volumes
from lakehouse.observability.quality_report.model import Report, Said
from lakehouse.quality import publish

SPAN_DAYS = 30


def gather(lake: DeltaLake, *, sentences: Mapping[str, Said], now: datetime) -> Report:
    """Return the report as of now. Tables that are not there yet are left out.

    Reads 30 days of quality.results twice, quarantine twice, and one column of every other table, in the
    published version of those that have one.

    Args:
        lake: the lakehouse.
        sentences: what each rule says and measures, by its id.
        now: the clock, UTC.
    """
    since = now - timedelta(days=SPAN_DAYS)
    found = _read(lake, QUALITY_RESULTS)
    unit, judged = verdicts.read(found, sentences, since=since) if found is not None else ("day", ())
    lanes = {lane.name: _read(lake, lane.quarantine) for lane in (BATCH, STREAM)}
    seen = {table: publish.published_version(lake, table) for table in PUBLISHED}
    held = {
        table: rows for table in _VOLUMES if (rows := _read(lake, table, version=seen.get(table))) is not None
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


def _read(lake: DeltaLake, table: Table, *, version: int | None = None) -> DataFrame | None:
    return lake.read(table, version=version) if lake.exists(table) else None
