"""The speed of upkeep on a large table: merges, file compaction, history and differences, erasure."""

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
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.table_properties import table_properties
from lakehouse.operations import maintenance
from lakehouse.query import diff, time_travel
from lakehouse.query.history import read_commits
from lakehouse.query.table_store import TableStore
from pinlake.app.erasure import Erasure

MERGE_AIM = 3.0
VERSIONS = 50


def measure(spark: SparkSession, settings: Settings, *, rows: int) -> list[Figure]:
    """Time merges into a small and a large silver table, history, differences, compaction and an erasure.

    Args:
        spark: a warm session.
        settings: of the stack; the batch lane must hold pins.
        rows: of the large table; the small table has a tenth of them. Each merge has a hundredth of the rows;
            a thousandth is the number of small files.
    """
    benchmark, new, files = _UpkeepBenchmark(spark, settings), max(rows // 100, 1), max(rows // 1_000, 1)
    (small, _), (large, table) = (benchmark.time_merge(new, into=size) for size in (rows // 10, rows))
    by_feed, by_comparison = benchmark.time_differences(table, new)
    joined, compaction = benchmark.time_compaction(files)
    pins, erasure = benchmark.time_erasure()
    return [
        Figure(f"merge of {new:,} pins into {rows:,} / into {rows // 10:,}", large / small, "", MERGE_AIM),
        Figure(f"merge of {new:,} pins into {rows:,}", large, "s"),
        Figure(f"history of {VERSIONS} versions", benchmark.time_history(table), "s"),
        Figure(f"difference of two versions, {new:,} rows, by change feed", by_feed, "s"),
        Figure("the same difference, by comparison of all rows", by_comparison, "s"),
        Figure(f"join of {joined:,} small files", compaction, "s"),
        Figure(f"erase of one pin among {pins:,}, with proof", erasure, "s"),
    ]


class _UpkeepBenchmark:
    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._lake = DeltaLake.of(spark, settings)
        self._store = TableStore(settings.s3)

    def time_merge(self, pins: int, *, into: int) -> tuple[float, Table]:
        """Merge pins into a new table twice; return the seconds of the second merge, and the table.

        Half of the pins are new, half are existing pins of the whole table: every file must be read.
        """
        table = self._create_table(self._silver_rows(self._spark.range(into)))
        half = pins // 2
        seconds = 0.0
        for part in range(2):
            existing = self._spark.range(part, into, into // half).limit(half)
            new = self._spark.range(into + part * half, into + (part + 1) * half)
            seconds = self._time(partial(self._merge, self._silver_rows(existing.union(new)), table))
        return seconds, table

    def time_differences(self, table: Table, expected: int) -> list[float]:
        """Compare the last two versions by change feed and by comparison; return the seconds of each."""
        seconds = []
        # The feed cannot be used with a key that is not the table's own.
        for key, source in ((table.key, diff.FEED), ((*table.key, "category"), diff.COMPARISON)):
            started = time.perf_counter()
            new = time_travel.table_at(self._store, table)
            difference = diff.compare_versions(
                time_travel.table_at(self._store, table, new.number - 1), new, key=key, limit=10
            )
            seconds.append(time.perf_counter() - started)
            assert (difference.source, difference.added + difference.changed) == (source, expected), (
                difference
            )
        return seconds

    def time_history(self, table: Table) -> float:
        """Add `VERSIONS` commits to a table; return the seconds it takes to list them."""
        log = time_travel.table_at(self._store, table).log
        for number in range(VERSIONS):
            log.alter.set_table_description(f"{number}")
        return self._time(lambda: read_commits(time_travel.table_at(self._store, table).log, limit=VERSIONS))

    def time_compaction(self, files: int) -> tuple[int, float]:
        """Compact files of ten rows; return the number of files that were joined, and the seconds."""
        table = self._create_table(self._silver_rows(self._spark.range(10 * files)).repartition(files))
        started = time.perf_counter()
        result = maintenance.maintain(self._lake, table)
        assert result is not None  # the table has just been made
        return result.joined, time.perf_counter() - started

    def time_erasure(self) -> tuple[int, float]:
        """Erase a pin of the batch lane; return the number of pins before, and the seconds."""
        silver = self._lake.read(BATCH.silver)
        row = silver.select("unique_id").first()
        assert row is not None  # a load has passed through
        pins = silver.count()
        erasure = Erasure(
            self._spark, self._settings, Subjects.of([row.unique_id]), on_step=lambda step: None
        )
        return pins, self._time(erasure.run)

    def _create_table(self, rows: DataFrame) -> Table:
        table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        writer = rows.write.format("delta").options(**table_properties(table))
        writer.save(self._lake.path(table))
        return table

    def _merge(self, rows: DataFrame, table: Table) -> None:
        self._lake.merge_newest(rows, table, MicroBatch(new_event_id(), 0))

    def _silver_rows(self, ids: DataFrame) -> DataFrame:
        """Return silver rows as large as real ones, one pin per id."""
        digits = F.sha2(F.col("id").cast("string"), 256)
        slices = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        texts = {
            "unique_id": F.concat_ws("-", *(F.substring(digits, at, length) for at, length in slices)),
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
