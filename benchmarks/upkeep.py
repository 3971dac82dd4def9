"""Upkeep on a larger scale: merges, small files joined, a look at past versions, a pin erased."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.report import Figure
from foundation.data_subjects import Subjects
from foundation.event import new_event_id
from foundation.settings import Settings
from lakehouse.catalog import schemas
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.delta.table_properties import table_properties
from lakehouse.operations import maintenance
from lakehouse.query import diff, time_travel
from lakehouse.query.history import read_commits
from pinlake.app.erasure import Erasure
from pinlake.cli.reader import open_store

MERGE_AIM = 3.0
VERSIONS = 50


def measure(spark: SparkSession, settings: Settings, *, rows: int) -> list[Figure]:
    """Merge pins into a small and a large silver table, look back, join files, erase a pin of the batch lane.

    Args:
        spark: a warm session.
        settings: of the stack; the batch lane must hold pins.
        rows: of the large table; the small one has a tenth, a hundredth is new, a thousandth the files.
    """
    bench, new, files = _Bench(spark, settings), max(rows // 100, 1), max(rows // 1_000, 1)
    (small, _), (large, table) = (bench.merge(new, into=size) for size in (rows // 10, rows))
    by_feed, by_comparison = bench.differ(table, new)
    joined, join = bench.join(files)
    held, erased = bench.erase()
    return [
        Figure(f"merge of {new:,} pins into {rows:,} / into {rows // 10:,}", large / small, "", MERGE_AIM),
        Figure(f"merge of {new:,} pins into {rows:,}", large, "s"),
        Figure(f"history of {VERSIONS} versions", bench.history(table), "s"),
        Figure(f"difference of two versions of it, {new:,} rows, by change feed", by_feed, "s"),
        Figure("the same, by comparison of all rows", by_comparison, "s"),
        Figure(f"join of {joined:,} small files", join, "s"),
        Figure(f"erase of one pin among {held:,}, with proof", erased, "s"),
    ]


class _Bench:
    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._lake = DeltaLake.of(spark, settings)
        self._store = open_store(settings)

    def merge(self, pins: int, *, into: int) -> tuple[float, Table]:
        """Return the seconds of the second of two equal merges of pins, and the table.

        Half of the pins are new, half are known ones from all over the table: every file has to be looked at.
        """
        table = self._table(self._pins(self._spark.range(into)))
        half = pins // 2
        seconds = 0.0
        for part in range(2):
            known = self._spark.range(part, into, into // half).limit(half)
            new = self._spark.range(into + part * half, into + (part + 1) * half)
            seconds = self._time(partial(self._merge, self._pins(known.union(new)), table))
        return seconds, table

    def differ(self, table: Table, expected: int) -> list[float]:
        """Return the seconds of a difference by change feed and by comparison, of a table's last merge."""
        seconds = []
        # By a key that is not the table's own it cannot be the feed.
        for key, source in ((table.key, diff.FEED), ((*table.key, "category"), diff.COMPARISON)):
            started = time.perf_counter()
            new = time_travel.table_at(self._store, table)
            found = diff.compare_versions(
                time_travel.table_at(self._store, table, new.number - 1), new, key=key, limit=10
            )
            seconds.append(time.perf_counter() - started)
            assert (found.source, found.added + found.changed) == (source, expected), found
        return seconds

    def history(self, table: Table) -> float:
        """Return the seconds it takes to list versions; as many commits describe the table before."""
        log = time_travel.table_at(self._store, table).log
        for number in range(VERSIONS):
            log.alter.set_table_description(f"{number}")
        return self._time(lambda: read_commits(time_travel.table_at(self._store, table).log, limit=VERSIONS))

    def join(self, files: int) -> tuple[int, float]:
        """Return how many files of ten rows were joined, and the seconds it took."""
        table = self._table(self._pins(self._spark.range(10 * files)).repartition(files))
        started = time.perf_counter()
        upkeep = maintenance.maintain(self._lake, table)
        assert upkeep is not None  # it has just been made
        return upkeep.joined, time.perf_counter() - started

    def erase(self) -> tuple[int, float]:
        """Return how many pins there are, and the seconds it takes to erase one."""
        held = self._lake.read(BATCH.silver)
        row = held.select("unique_id").first()
        assert row is not None  # a load has passed through
        pins = held.count()
        erasure = Erasure(
            self._spark, self._settings, Subjects.of([row.unique_id]), on_step=lambda step: None
        )
        return pins, self._time(erasure.run)

    def _table(self, rows: DataFrame) -> Table:
        table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        writer = rows.write.format("delta").options(**table_properties(table))
        writer.save(self._lake.path(table))
        return table

    def _merge(self, rows: DataFrame, table: Table) -> None:
        self._lake.merge_newest(rows, table, MicroBatch(new_event_id(), 0))

    def _pins(self, ids: DataFrame) -> DataFrame:
        """Return silver rows of as many bytes as real ones, a pin for each id."""
        digits = F.sha2(F.col("id").cast("string"), 256)
        places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        texts = {
            "unique_id": F.concat_ws("-", *(F.substring(digits, at, length) for at, length in places)),
            "title": F.concat(F.lit("Title "), digits),
            "description": F.repeat(digits, 3),
            "event_id": F.lit(new_event_id()),
            "category": F.lit("art"),
        }
        columns = (
            texts.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name)
            for field in schemas.schema_of(BATCH.silver)
        )
        return ids.select(*columns)

    @staticmethod
    def _time(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
