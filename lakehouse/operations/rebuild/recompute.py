"""Silver and gold as bronze makes them today, beside what stands in the tables."""

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
from lakehouse.operations.rebuild import changes as difference
from lakehouse.operations.rebuild import events
from lakehouse.operations.rebuild import quarantine as refusals
from lakehouse.operations.rebuild.date_range import Days
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import GateResult
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import check_parsed_records, to_silver


@dataclass(frozen=True)
class Silver:
    """What a rebuild makes of silver. All of it is computed, and cut off from the tables it was read from.

    Attributes:
        version: bronze's, that it was read at.
        pins: unique_id of every pin it is about.
        judged: their events, as silver's gate judges them today.
        rows: the rows that silver is to have of these pins.
        changes: where silver differs: see `lakehouse.operations.rebuild.changes.changes`.
        refusals: see `lakehouse.operations.rebuild.quarantine.new`.
        let_through: see `lakehouse.operations.rebuild.quarantine.let_through`.
    """

    version: int
    pins: DataFrame
    judged: GateResult
    rows: DataFrame
    changes: DataFrame
    refusals: DataFrame
    let_through: DataFrame


@dataclass(frozen=True)
class Gold:
    """What a rebuild makes of gold, as `Silver`.

    Attributes:
        judged: the pins' silver rows, as gold's gate judges them today.
        features: where gold.pin_features_batch differs.
        daily: where gold.category_daily differs, on these days and those that pins came from or went to.
        refusals: as silver's.
        let_through: as silver's.
    """

    judged: GateResult
    features: DataFrame
    daily: DataFrame
    refusals: DataFrame
    let_through: DataFrame


class Recomputation:
    """The batch lane's tables computed anew for the pins that have an event in some days.

    Args:
        lake: the lakehouse.
        days: the days.
        held: closed when nothing of it is used any more.
    """

    def __init__(self, lake: DeltaLake, days: Days, held: ExitStack) -> None:
        self._lake = lake
        self._days = days
        self._held = held
        for table in (*BATCH.tables, CATEGORY_DAILY):
            lake.ensure(table)

    def silver(self, *, text_policy: TextPolicy) -> Silver:
        """Compute silver.

        Reads bronze once and parses all of it; cleaning, judging and comparing follow the pins. Some 60 jobs,
        most of them a stage of a few rows, with a shuffle by pin for the newest event and one to compare.
        """
        version = self._lake.version(BATCH.bronze)
        decisions = self._sized(events.decisions(self._read(BATCH.quarantine)))
        rows = events.decided(self._read(BATCH.bronze), decisions)
        shown = [self._read(table) for table in (BATCH.silver, BATCH.features)]
        pins = self._sized(events.pins_of(self._days, rows, shown))
        judged = self._judge(events.of_pins(rows, pins, self._days), text_policy)
        silver = _hold(to_silver(judged.rows))
        old = self._read(BATCH.silver).join(pins, "unique_id", "leftsemi")
        changes = _hold(difference.changes(old, silver, BATCH.silver))
        return Silver(version, pins, judged, silver, changes, *self._verdicts(judged))

    def gold(self, silver: Silver) -> Gold:
        """Compute gold from that silver. Some 40 jobs; category_daily reads the silver files of its days."""
        gate = gates.open_gate(self._lake.spark, BATCH.features)
        judged = gates.count_violations(self._persist(check_features(silver.rows, gate)), gate)
        old = self._read(BATCH.features).join(silver.pins, "unique_id", "leftsemi")
        features = difference.changes(old, to_features(gates.valid_rows(judged.rows)), BATCH.features)
        return Gold(judged, _hold(features), _hold(self._daily(silver)), *self._verdicts(judged))

    def _judge(self, parsed: DataFrame, text_policy: TextPolicy) -> GateResult:
        gate = gates.open_gate(self._lake.spark, BATCH.silver)
        judged = check_parsed_records(parsed, gate, text_policy=text_policy, at=datetime.now(UTC))
        return gates.count_violations(self._persist(judged), gate, parsing=RULES)

    def _daily(self, silver: Silver) -> DataFrame:
        moved = silver.changes.select(F.explode(F.array("was.event_time", "now.event_time")).alias("at"))
        found = moved.where("at IS NOT NULL").select(F.to_date("at").alias("day")).distinct().collect()
        days = sorted({*self._days.each(), *(row.day for row in found)})
        others = filter_by_days(self._read(BATCH.silver), days).join(silver.pins, "unique_id", "leftanti")
        new = to_category_daily(others.unionByName(filter_by_days(silver.rows, days)))
        return difference.changes(
            self._read(CATEGORY_DAILY).where(F.col("day").isin(days)), new, CATEGORY_DAILY
        )

    def _verdicts(self, judged: GateResult) -> tuple[DataFrame, DataFrame]:
        quarantine = self._read(BATCH.quarantine)
        passed = gates.valid_rows(judged.rows)
        back = refusals.let_through(passed, quarantine, layer=judged.gate.table.layer)
        return _hold(refusals.new(judged, quarantine)), _hold(back)

    def _read(self, table: Table) -> DataFrame:
        return self._lake.read(table)

    def _sized(self, rows: DataFrame) -> DataFrame:
        """Return rows of which a join knows how few they are: bronze need not be shuffled for them."""
        held = self._persist(_hold(rows))
        held.count()
        return held

    def _persist(self, rows: DataFrame) -> DataFrame:
        held = rows.persist()
        self._held.callback(held.unpersist)
        return held


@contextmanager
def recomputing(lake: DeltaLake, days: Days) -> Iterator[Recomputation]:
    """Give a recomputation, whose results may be used until the end of the block."""
    with ExitStack() as held:
        yield Recomputation(lake, days, held)


def _hold(rows: DataFrame) -> DataFrame:
    """Compute rows now: what they were read from is about to change."""
    return rows.localCheckpoint()
