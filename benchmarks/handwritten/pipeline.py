"""The steps of the hand-written pipeline: from records or bronze rows to tables and Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import polars as pl

from benchmarks.handwritten import gate
from benchmarks.handwritten.gate import load_critical_rules
from benchmarks.handwritten.serving import ServingTable
from benchmarks.handwritten.tables import DeltaTables
from benchmarks.handwritten.transform import (
    BRONZE,
    SILVER,
    check_records,
    first_occurrences,
    newest_per_pin,
    to_bronze,
    to_features,
    to_silver,
    with_valid_features,
)
from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, STREAM, Lane, Table

_QUARANTINE = ("reasons", "value", "event_id", "topic", "partition", "offset", "kafka_timestamp")


@dataclass(frozen=True)
class Rules:
    """The critical row rules of both gates, by rule id."""

    silver: dict[str, pl.Expr]
    features: dict[str, pl.Expr]

    @classmethod
    def load(cls) -> Rules:
        """Return the rules of the suites in expectations/."""
        return cls(load_critical_rules(BATCH.silver.suite), load_critical_rules(BATCH.features.suite))


class Pipeline:
    """The steps, each of which writes one batch of rows after the other.

    Args:
        tables: the tables to write.
        rules: the rules of the gates.
    """

    def __init__(self, tables: DeltaTables, rules: Rules) -> None:
        self._tables = tables
        self._rules = rules

    def ensure(self, lane: Lane) -> None:
        """Create the tables of a lane where they are missing."""
        self._tables.ensure(lane.bronze, lane.silver, lane.features)
        if lane is BATCH:
            self._tables.ensure(CATEGORY_DAILY)

    def promote(self, bronze: Iterable[pl.DataFrame], silver: Table) -> int:
        """Merge the pins in bronze rows into a silver table; return the number of rows read."""
        read = 0
        for rows in bronze:
            checked = self._check(rows)
            _run_concurrently(
                partial(self._tables.merge_newest, to_silver(checked), silver),
                partial(self._quarantine, checked, BATCH),
            )
            read += len(rows)
        return read

    def run_batch_lane(self, records: Iterable[pl.DataFrame]) -> int:
        """Write records to bronze, silver and gold of the batch lane; return their number."""
        read = 0
        for each in records:
            now = datetime.now(UTC)
            checked = self._check(to_bronze(each, at=now))
            silver = to_silver(checked)
            features = to_features(with_valid_features(silver, self._rules.features))
            _run_concurrently(
                partial(self._tables.append, checked.select(BRONZE), BATCH.bronze),
                partial(self._tables.merge_newest, silver, BATCH.silver),
                partial(self._tables.merge_newest, features, BATCH.features),
                partial(self._quarantine, checked, BATCH),
            )
            self._tables.replace_category_daily(silver["event_time"].dt.date().unique().to_list())
            read += len(each)
        return read

    def run_stream_lane(
        self,
        records: Iterable[pl.DataFrame],
        serving: ServingTable,
        *,
        on_served: Callable[[], None] = lambda: None,
    ) -> int:
        """Write records to Postgres, then to bronze, silver and gold of the stream lane; return their number.

        Args:
            records: see `benchmarks.handwritten.records`.
            serving: the table in Postgres.
            on_served: called when a batch is in Postgres.
        """
        read = 0
        for each in records:
            checked = self._check(to_bronze(each, at=datetime.now(UTC)))
            events = gate.valid_rows(checked).select(SILVER)
            valid = with_valid_features(events, self._rules.features)
            serving.upsert(to_features(newest_per_pin(valid)))
            on_served()
            features = to_features(first_occurrences(valid))
            _run_concurrently(
                partial(self._tables.append, checked.select(BRONZE), STREAM.bronze),
                partial(self._tables.append_new_events, first_occurrences(events), STREAM.silver),
                partial(self._tables.append_new_events, features, STREAM.features),
                partial(self._quarantine, checked, STREAM),
            )
            read += len(each)
        return read

    def _check(self, bronze: pl.DataFrame) -> pl.DataFrame:
        return check_records(bronze, self._rules.silver, at=datetime.now(UTC))

    def _quarantine(self, checked: pl.DataFrame, lane: Lane) -> None:
        refused = checked.filter(pl.col("reasons").list.len() > 0)
        self._tables.append(refused.select(_QUARANTINE), lane.quarantine)


def _run_concurrently(*writes: Callable[[], None]) -> None:
    """Write several tables at once; raise the first error after all have ended."""
    with ThreadPoolExecutor(max_workers=len(writes)) as pool:
        for running in [pool.submit(write) for write in writes]:
            running.result()
