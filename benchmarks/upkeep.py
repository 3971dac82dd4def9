"""Upkeep on a larger scale: a pin erased, small files joined, a merge into a table ten times as large."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.report import Figure
from lakehouse import delta, maintenance, schemas, warehouse
from lakehouse.delta import MicroBatch
from lakehouse.tables import BATCH, Table
from pinlake.erasure import Erasure
from pinlake.event import new_event_id
from pinlake.settings import Settings
from pinlake.subjects import Subjects

MERGE_AIM = 3.0


def measure(spark: SparkSession, settings: Settings, *, rows: int) -> list[Figure]:
    """Merge pins into a small and a large silver table, join small files, erase a pin of the batch lane.

    Args:
        spark: a warm session.
        settings: of the stack; the batch lane must hold pins.
        rows: of the large table; the small one has a tenth, a hundredth is new, a thousandth the files.
    """
    bench, new, files = _Bench(spark, settings), max(rows // 100, 1), max(rows // 1_000, 1)
    small, large = (bench.merge(new, into=size) for size in (rows // 10, rows))
    held, erased = bench.erase()
    return [
        Figure(f"merge of {new:,} pins into {rows:,} / into {rows // 10:,}", large / small, "", MERGE_AIM),
        Figure(f"merge of {new:,} pins into {rows:,}", large, "s"),
        Figure(f"join of {files:,} small files", bench.join(files), "s"),
        Figure(f"erase of one pin among {held:,}, with proof", erased, "s"),
    ]


class _Bench:
    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        self._settings = settings
        self._warehouse = warehouse.of(settings)

    def merge(self, new: int, *, into: int) -> float:
        """Return the seconds of the second of two equal merges of pins, half of them new."""
        table = self._table(self._pins(0, into))
        halves = [self._pins(into + part * new - new // 2, new) for part in range(2)]
        return [self._time(partial(self._merge, half, table)) for half in halves][-1]

    def join(self, files: int) -> float:
        """Return the seconds it takes to join files of ten rows each."""
        table = self._table(self._pins(0, 10 * files).repartition(files))
        return self._time(lambda: maintenance.maintain(self._spark, table, self._warehouse))

    def erase(self) -> tuple[int, float]:
        """Return how many pins there are, and the seconds it takes to erase one."""
        held = delta.read(self._spark, BATCH.silver, warehouse=self._warehouse.tables)
        row = held.select("unique_id").first()
        assert row is not None  # a load has passed through
        pins = held.count()
        erasure = Erasure(self._spark, self._settings, Subjects.of([row.unique_id]), tell=lambda what: None)
        return pins, self._time(erasure.run)

    def _table(self, rows: DataFrame) -> Table:
        table = replace(BATCH.silver, layer="benchmarks", name=f"silver_{uuid.uuid4().hex}")
        rows.write.format("delta").save(table.path(self._warehouse.tables))
        return table

    def _merge(self, rows: DataFrame, table: Table) -> None:
        delta.merge_newest(rows, table, MicroBatch(self._warehouse.tables, new_event_id(), 0))

    def _pins(self, first: int, count: int) -> DataFrame:
        """Return silver rows of as many bytes as real ones, each of another pin."""
        digits = F.sha2(F.col("id").cast("string"), 256)
        places = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        texts = {
            "unique_id": F.concat_ws("-", *(F.substring(digits, at, length) for at, length in places)),
            "title": F.concat(F.lit("Title "), digits),
            "description": F.repeat(digits, 3),
            "event_id": F.lit(new_event_id()),
            "category": F.lit("art"),
        }
        rows = self._spark.range(first, first + count)
        columns = (
            texts.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name)
            for field in schemas.of(BATCH.silver)
        )
        return rows.select(*columns)

    @staticmethod
    def _time(work: Callable[[], object]) -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
