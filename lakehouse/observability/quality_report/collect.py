"""Collection of the report's values from the tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from pyspark.sql import DataFrame

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, PUBLISHED, QUALITY_RESULTS, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.quality_report.model import Report, RuleText
from lakehouse.observability.quality_report.quarantine import read_reasons
from lakehouse.observability.quality_report.rule_history import read_rule_history
from lakehouse.observability.quality_report.volumes import read_volumes
from lakehouse.quality import publish

SPAN_DAYS = 30


def collect_report(lake: DeltaLake, *, rule_texts: Mapping[str, RuleText], now: datetime) -> Report:
    """Return the report. Tables that do not exist yet are left out.

    Reads 30 days of quality.results twice, quarantine twice, and one column of every other table, in its
    published version if it has one.

    Args:
        lake: the lakehouse.
        rule_texts: the sentence and unit of each rule, by rule id.
        now: the current time, UTC.
    """
    since = now - timedelta(days=SPAN_DAYS)
    results = _read(lake, QUALITY_RESULTS)
    unit, verdicts = ("day", ()) if results is None else read_rule_history(results, rule_texts, since=since)
    quarantined = {lane.name: _read(lake, lane.quarantine) for lane in (BATCH, STREAM)}
    versions = {table: publish.published_version(lake, table) for table in PUBLISHED}
    tables = {
        table: rows
        for table in _VOLUMES
        if (rows := _read(lake, table, version=versions.get(table))) is not None
    }
    return Report(
        at=now,
        unit=unit,
        span_days=SPAN_DAYS,
        verdicts=verdicts,
        reasons=read_reasons({lane: rows for lane, rows in quarantined.items() if rows is not None}),
        volumes=read_volumes(tables, versions=versions, today=now.date()),
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
