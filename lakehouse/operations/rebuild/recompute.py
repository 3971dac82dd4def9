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
from lakehouse.gold.category_daily import of_days, to_category_daily
from lakehouse.gold.pin_features import to_features, to_judged_features
from lakehouse.operations.rebuild import changes as difference
from lakehouse.operations.rebuild import events
from lakehouse.operations.rebuild import quarantine as refusals
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.quality import gate as gates
from lakehouse.quality.gate import Judged
from lakehouse.silver.parsing import RULES
from lakehouse.silver.text import TextPolicy
from lakehouse.silver.transform import to_judged_pins, to_silver


@dataclass(frozen=True)
class RecomputedSilver:
    """What a rebuild makes of silver. All of it is computed, and cut off from the tables it was read from.

    Attributes:
        version: bronze's, that it was read at.
        pins: unique_id of every pin it is about.
        judged: their events, as silver's gate judges them today.
        rows: the rows that silver is to have of these pins.
        changes: where silver differs: see `lakehouse.operations.rebuild.changes.compare_states`.
        refusals: see `lakehouse.operations.rebuild.quarantine.find_new_rows`.
        released: see `lakehouse.operations.rebuild.quarantine.released`.
    """

    version: int
    pins: DataFrame
    judged: Judged
    rows: DataFrame
    changes: DataFrame
    refusals: DataFrame
    released: DataFrame


@dataclass(frozen=True)
class RecomputedGold:
    """What a rebuild makes of gold, as `RecomputedSilver`.

    Attributes:
        judged: the pins' silver rows, as gold's gate judges them today.
        features: where gold.pin_features_batch differs.
        daily: where gold.category_daily differs, on these days and those that pins came from or went to.
        refusals: as silver's.
        released: as silver's.
    """

    judged: Judged
    features: DataFrame
    daily: DataFrame
    refusals: DataFrame
    released: DataFrame


class Recomputation:
    """The batch lane's tables computed anew for the pins that have an event in some days.

    Args:
        lake: the lakehouse.
        days: the days.
        held: closed when nothing of it is used any more.
    """

    def __init__(self, lake: DeltaLake, days: DateRange, held: ExitStack) -> None:
        self._lake = lake
        self._days = days
        self._held = held
        for table in (*BATCH.tables, CATEGORY_DAILY):
            lake.ensure(table)

    def recompute_silver(self, *, text_policy: TextPolicy) -> RecomputedSilver:
        """Compute silver.

        Reads bronze once and parses all of it; cleaning, judging and comparing follow the pins. Some 60 jobs,
        most of them a stage of a few rows, with a shuffle by pin for the newest event and one to compare.
        """
        version = self._lake.version(BATCH.bronze)
        decisions = self._sized(events.select_decisions(self._read(BATCH.quarantine)))
        rows = events.apply_decisions(self._read(BATCH.bronze), decisions)
        shown = [self._read(table) for table in (BATCH.silver, BATCH.features)]
        pins = self._sized(events.select_pins(self._days, rows, shown))
        judged = self._judge(events.select_events(rows, pins, self._days), text_policy)
        silver = _hold(to_silver(judged.rows))
        old = self._read(BATCH.silver).join(pins, "unique_id", "leftsemi")
        changes = _hold(difference.compare_states(old, silver, BATCH.silver))
        return RecomputedSilver(version, pins, judged, silver, changes, *self._verdicts(judged))

    def recompute_gold(self, silver: RecomputedSilver) -> RecomputedGold:
        """Compute gold from that silver. Some 40 jobs; category_daily reads the silver files of its days."""
        gate = gates.open_gate(self._lake.spark, BATCH.features)
        judged = gates.count(self._persist(to_judged_features(silver.rows, gate)), gate)
        old = self._read(BATCH.features).join(silver.pins, "unique_id", "leftsemi")
        features = difference.compare_states(old, to_features(gates.passed(judged.rows)), BATCH.features)
        return RecomputedGold(judged, _hold(features), _hold(self._daily(silver)), *self._verdicts(judged))

    def _judge(self, parsed: DataFrame, text_policy: TextPolicy) -> Judged:
        gate = gates.open_gate(self._lake.spark, BATCH.silver)
        judged = to_judged_pins(parsed, gate, text_policy=text_policy, at=datetime.now(UTC))
        return gates.count(self._persist(judged), gate, parsing=RULES)

    def _daily(self, silver: RecomputedSilver) -> DataFrame:
        moved = silver.changes.select(F.explode(F.array("was.event_time", "now.event_time")).alias("at"))
        found = moved.where("at IS NOT NULL").select(F.to_date("at").alias("day")).distinct().collect()
        days = sorted({*self._days.list_days(), *(row.day for row in found)})
        others = of_days(self._read(BATCH.silver), days).join(silver.pins, "unique_id", "leftanti")
        new = to_category_daily(others.unionByName(of_days(silver.rows, days)))
        return difference.compare_states(
            self._read(CATEGORY_DAILY).where(F.col("day").isin(days)), new, CATEGORY_DAILY
        )

    def _verdicts(self, judged: Judged) -> tuple[DataFrame, DataFrame]:
        quarantine = self._read(BATCH.quarantine)
        passed = gates.passed(judged.rows)
        back = refusals.released(passed, quarantine, layer=judged.gate.table.layer)
        return _hold(refusals.find_new_rows(judged, quarantine)), _hold(back)

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
def open_recomputation(lake: DeltaLake, days: DateRange) -> Iterator[Recomputation]:
    """Give a recomputation, whose results may be used until the end of the block."""
    with ExitStack() as held:
        yield Recomputation(lake, days, held)


def _hold(rows: DataFrame) -> DataFrame:
    """Compute rows now: what they were read from is about to change."""
    return rows.localCheckpoint()
