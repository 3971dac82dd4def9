"""Silver and gold recomputed from bronze, compared with the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.gold.category_daily import filter_by_days, to_category_daily
from lakehouse.gold.pin_features import check_features, to_features
from lakehouse.operations.rebuild import events
from lakehouse.operations.rebuild.changes import compare_states
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.quarantine import find_new_rows, released
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import GateResult
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_parsed_records, to_silver


@dataclass(frozen=True)
class RecomputedSilver:
    """Silver as a rebuild recomputes it. Every frame is computed and no longer reads the tables.

    Attributes:
        version: the version of bronze that was read.
        pins: the unique_id of every pin in the rebuild.
        judged: the events of these pins, checked by today's gate.
        rows: the rows that silver should have for these pins.
        changes: the rows in which silver differs: see `lakehouse.operations.rebuild.changes.compare_states`.
        refusals: see `lakehouse.operations.rebuild.quarantine.find_new_rows`.
        released: see `lakehouse.operations.rebuild.quarantine.released`.
    """

    version: int
    pins: DataFrame
    judged: GateResult
    rows: DataFrame
    changes: DataFrame
    refusals: DataFrame
    released: DataFrame


@dataclass(frozen=True)
class RecomputedGold:
    """Gold as a rebuild recomputes it, like `RecomputedSilver`.

    Attributes:
        judged: the silver rows of the pins, checked by today's gate of gold.
        features: the rows in which gold.pin_features_batch differs.
        daily: the rows in which gold.category_daily differs, on the rebuilt days and on every day that gains
            or loses a pin.
        refusals: as for silver.
        released: as for silver.
    """

    judged: GateResult
    features: DataFrame
    daily: DataFrame
    refusals: DataFrame
    released: DataFrame


class Recomputation:
    """The recomputation of the batch lane's tables for the pins with an event in some days.

    Args:
        lake: the lakehouse.
        days: the days.
        cached: releases the cached frames when it is closed.
    """

    def __init__(self, lake: DeltaLake, days: DateRange, cached: ExitStack) -> None:
        self._lake = lake
        self._days = days
        self._cached = cached
        for table in (*BATCH.tables, CATEGORY_DAILY):
            lake.ensure(table)

    def recompute_silver(self, *, text_policy: TextPolicy) -> RecomputedSilver:
        """Recompute silver.

        Reads and parses all of bronze once; cleaning, checking and comparing cost in proportion to the pins.
        Some 60 jobs, most of them small, with one shuffle by pin for the newest event and one to compare.
        """
        version = self._lake.version(BATCH.bronze)
        decisions = self._materialise_with_size(events.select_decisions(self._read(BATCH.quarantine)))
        rows = events.apply_decisions(self._read(BATCH.bronze), decisions)
        tables = [self._read(table) for table in (BATCH.silver, BATCH.features)]
        pins = self._materialise_with_size(events.select_pins(self._days, rows, tables))
        judged = self._judge(events.select_events(rows, pins, self._days), text_policy)
        silver = _materialise(to_silver(judged.rows))
        old = self._read(BATCH.silver).join(pins, "unique_id", "leftsemi")
        changes = _materialise(compare_states(old, silver, BATCH.silver))
        return RecomputedSilver(version, pins, judged, silver, changes, *self._compare_quarantine(judged))

    def recompute_gold(self, silver: RecomputedSilver) -> RecomputedGold:
        """Recompute gold. Some 40 jobs; category_daily reads the silver files of its days."""
        gate = gates.open_gate(self._lake.spark, BATCH.features)
        judged = gates.count_violations(self._persist(check_features(silver.rows, gate)), gate)
        old = self._read(BATCH.features).join(silver.pins, "unique_id", "leftsemi")
        features = compare_states(old, to_features(gates.valid_rows(judged.rows)), BATCH.features)
        return RecomputedGold(
            judged,
            _materialise(features),
            _materialise(self._compare_daily(silver)),
            *self._compare_quarantine(judged),
        )

    def _judge(self, parsed: DataFrame, text_policy: TextPolicy) -> GateResult:
        gate = gates.open_gate(self._lake.spark, BATCH.silver)
        judged = check_parsed_records(parsed, gate, text_policy=text_policy, at=datetime.now(UTC))
        return gates.count_violations(self._persist(judged), gate, parsing=RULES)

    def _compare_daily(self, silver: RecomputedSilver) -> DataFrame:
        moved = silver.changes.select(F.explode(F.array("was.event_time", "now.event_time")).alias("at"))
        touched = moved.where("at IS NOT NULL").select(F.to_date("at").alias("day")).distinct().collect()
        days = sorted({*self._days.list_days(), *(row.day for row in touched)})
        others = filter_by_days(self._read(BATCH.silver), days).join(silver.pins, "unique_id", "leftanti")
        new = to_category_daily(others.unionByName(filter_by_days(silver.rows, days)))
        return compare_states(self._read(CATEGORY_DAILY).where(F.col("day").isin(days)), new, CATEGORY_DAILY)

    def _compare_quarantine(self, judged: GateResult) -> tuple[DataFrame, DataFrame]:
        quarantine = self._read(BATCH.quarantine)
        passed = gates.valid_rows(judged.rows)
        passing = released(passed, quarantine, layer=judged.gate.table.layer)
        return _materialise(find_new_rows(judged, quarantine)), _materialise(passing)

    def _read(self, table: Table) -> DataFrame:
        return self._lake.read(table)

    def _materialise_with_size(self, rows: DataFrame) -> DataFrame:
        """Return the rows cached, so that a join knows their size and need not shuffle bronze."""
        cached = self._persist(_materialise(rows))
        cached.count()
        return cached

    def _persist(self, rows: DataFrame) -> DataFrame:
        cached = rows.persist()
        self._cached.callback(cached.unpersist)
        return cached


@contextmanager
def open_recomputation(lake: DeltaLake, days: DateRange) -> Iterator[Recomputation]:
    """Yield a recomputation, whose results may be used until the end of the block."""
    with ExitStack() as cached:
        yield Recomputation(lake, days, cached)


def _materialise(rows: DataFrame) -> DataFrame:
    """Compute the rows now: the tables they were read from are about to change."""
    return rows.localCheckpoint()
