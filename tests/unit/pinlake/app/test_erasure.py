"""The order of an erasure and its waits; Spark, the servers and both lanes are in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from foundation import kafka_admin
from foundation.data_subjects import Subjects
from foundation.errors import TerminalError, TransientError
from foundation.kafka_admin import PartitionLag
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from ingestion.landing import redaction
from lakehouse.catalog.tables import BATCH, STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.locks.lease_store import LeaseHeldError
from lakehouse.operations.erasure import files, rows
from lakehouse.operations.erasure import postgres as served
from lakehouse.operations.erasure import verification as traces
from lakehouse.operations.erasure.files import Purge
from lakehouse.operations.erasure.receipt import ErasureReceipt, ErasureReceipts
from lakehouse.pipelines import batch as batch_lane
from pinlake.app import erasure
from pinlake.app.erasure import Erasure
from tests.unit.in_memory_bucket import InMemoryBucket

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
SUBJECTS = Subjects.of([PIN])
TABLES = [table.full_name for table in (*BATCH.tables, *STREAM.tables)]
BUSY = LeaseHeldError("the stream is being written", where="lease", hint="Wait.")


@dataclass
class World:
    """Everything that an erasure changes.

    Attributes:
        ends: the ends of the one partition of both topics.
        landed: the offset that the batch consumer has committed.
        streamed: the offset that the tables of the stream lane read next.
        served_until: the offset that its serving query reads next; None before its first load.
        earliest: the first offset that Kafka still has.
        rows: rows of the subjects, by table.
        old_files: files of old versions with rows of the subjects, by table.
        served: rows of the subjects in Postgres.
        broken: the part of the batch lane that fails, once rows are removed.
        log: what was done, in order.
    """

    ends: int = 5
    landed: int = 3
    streamed: int = 2
    served_until: int | None = 1
    earliest: int = 0
    rows: dict[str, int] = field(default_factory=lambda: {"bronze.pins_batch": 4, "silver.pins_batch": 2})
    old_files: dict[str, int] = field(default_factory=lambda: {"bronze.pins_batch": 3})
    served: int = 1
    traces: list[str] = field(default_factory=list)
    broken: Exception | None = None
    stream_is_busy: bool = False
    deleted: dict[str, dict[str, int]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    bucket: InMemoryBucket = field(default_factory=InMemoryBucket)

    def position(self) -> dict[str, dict[str, int]]:
        return {Settings(_env_file=None).kafka.stream_topic: {"0": self.streamed}}

    def read_offsets(self, _: object) -> dict[str, dict[str, int]] | None:
        if self.served_until is None:
            return {}
        return {Settings(_env_file=None).kafka.stream_topic: {"0": self.served_until}}

    def last_started_batch(self) -> int:
        return 1

    def last_committed_batch(self) -> int:
        return 1

    def consume(self, settings: Settings) -> None:
        self.log.append("consume")
        self.landed = self.ends

    def drain(self) -> None:
        if self.stream_is_busy:
            self.streamed = self.served_until = self.ends  # its owner reads on
            raise BUSY
        self.log.append("drain")
        self.streamed = self.served_until = self.ends

    def run_gold(self, lake: DeltaLake) -> None:
        self.log.append("gold")
        if self.broken and not self.rows:
            raise self.broken

    def erase_rows(self, lake: DeltaLake, table: Table, subjects: Subjects, *, commit_info: object) -> None:
        self.log.append(f"rows {table.full_name}")
        del self.rows[table.full_name]

    def plan_purge(self, lake: DeltaLake, table: Table, subjects: Subjects) -> Purge:
        count = self.old_files.get(table.full_name, 0)
        return Purge(
            tuple(f"{table.full_name}/{number}" for number in range(count)), (1, 2) if count else None, 0
        )

    def remove_files(self, spark: SparkSession, purge: Purge) -> None:
        (table,) = {url.partition("/")[0] for url in purge.urls}
        self.log.append(f"files {table}")
        del self.old_files[table]

    def erase_served(self, *_: object) -> None:
        self.log.append("served rows")
        self.served = 0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    world = World()
    kafka = Settings(_env_file=None).kafka
    stand_ins: list[tuple[Any, str, Callable[..., Any]]] = [
        (ObjectStore, "open", lambda s3: world.bucket.store),
        (erasure, "consume", world.consume),
        (Erasure, "_drain_stream", lambda self: world.drain()),
        (kafka_admin, "latest_offsets", lambda _, topic: {topic: {"0": world.ends}}),
        (kafka_admin, "earliest_offsets", lambda _, topic: {topic: {"0": world.earliest}}),
        (erasure, "read_offsets", world.read_offsets),
        (
            kafka_admin,
            "read_lag",
            lambda _: [PartitionLag(kafka.batch_topic, 0, world.landed, world.ends, 0)],
        ),
        (kafka_admin, "delete_records", lambda _, before: world.deleted.update(before)),
        (batch_lane, "run_bronze", lambda lake: world.log.append("bronze")),
        (batch_lane, "run_silver", lambda lake, *, text_policy: world.log.append("silver")),
        (batch_lane, "run_gold", world.run_gold),
        (redaction, "landing_keys", lambda *_: ["landing/a"]),
        (redaction, "count_records", lambda *_: {"landing/a": 2} if world.rows else {}),
        (redaction, "redact", lambda *_: world.log.append("redact")),
        (rows, "count_rows", lambda lake, table, _: world.rows.get(table.full_name, 0)),
        (rows, "erase_rows", world.erase_rows),
        (files, "plan_purge", world.plan_purge),
        (files, "remove_files", world.remove_files),
        (served, "count_rows", lambda *_: world.served),
        (served, "erase_rows", world.erase_served),
        (served, "rewrite_table", lambda _: world.log.append("rewrite")),
        (served, "count_mentions", lambda *_: 0),
        (traces, "search_objects", lambda *_: list(world.traces)),
        (traces, "search_values", lambda *_: list(world.traces)),
        (DeltaLake, "ensure", lambda lake, table: None),
        (DeltaLake, "version", lambda lake, table: 7),
        (DeltaLake, "checkpoint", lambda lake, name: world),
    ]
    for owner, name, stand_in in stand_ins:
        monkeypatch.setattr(owner, name, stand_in)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    return world


def _erasure(tmp_path: Path, steps: list[str] | None = None) -> Erasure:
    settings = Settings(_env_file=None, home=tmp_path)
    on_step = [] if steps is None else steps
    return Erasure(cast("SparkSession", None), settings, SUBJECTS, on_step=on_step.append)


def test_files_go_after_the_readers_have_moved_and_the_broker_comes_last(
    world: World, tmp_path: Path
) -> None:
    steps: list[str] = []

    _erasure(tmp_path, steps).run()

    lane = ["bronze", "silver", "gold"]
    assert world.log == [
        *["consume", *lane, "drain", "redact", "rows bronze.pins_batch", "rows silver.pins_batch"],
        *["served rows", "rewrite", *lane, "files bronze.pins_batch"],
    ]
    assert steps[:2] == ["waiting for records on their way", "landing"]
    assert steps[-3:] == ["pages of the quality report", "the broker", "searching for traces"]
    assert [step for step in steps if step in TABLES] == TABLES
    assert list(world.deleted.values()) == [{"0": world.ends}] * 2


def test_the_receipt_counts_what_was_removed_and_is_stored(world: World, tmp_path: Path) -> None:
    receipt = _erasure(tmp_path).run()

    removals = {name: (removal.rows, removal.files) for name, removal in receipt.places.items()}
    assert removals == {
        "landing": (2, 1),
        "bronze.pins_batch": (4, 3),
        "silver.pins_batch": (2, 0),
        "postgres": (1, 0),
    }
    assert receipt.places["bronze.pins_batch"].unreadable == (1, 2)
    assert receipt.ended is not None
    assert list(ErasureReceipts(world.bucket.store).read_all()) == [receipt]


def test_pins_that_are_nowhere_leave_no_receipt(world: World, tmp_path: Path) -> None:
    world.rows, world.old_files, world.served = {}, {}, 0

    receipt = _erasure(tmp_path).run()

    assert (receipt.places, receipt.traces) == ({}, ())
    assert world.bucket.objects == {}


def test_traces_keep_the_erasure_open_and_the_next_run_continues_it(world: World, tmp_path: Path) -> None:
    world.traces = ["warehouse/x.parquet"]
    first = _erasure(tmp_path).run()
    assert (first.traces, first.ended) == (("warehouse/x.parquet",), None)

    world.traces = []
    second = _erasure(tmp_path).run()

    assert second.run == first.run
    assert second.ended is not None
    assert second.places["bronze.pins_batch"].rows == 4


def test_nothing_that_readers_see_is_removed_if_they_cannot_be_moved(world: World, tmp_path: Path) -> None:
    world.broken = TerminalError("a critical rule fails", where="gold", hint="Correct it.")

    with pytest.raises(TerminalError, match="critical rule"):
        _erasure(tmp_path).run()
    assert world.old_files == {"bronze.pins_batch": 3}
    assert world.deleted == {}
    (receipt,) = ErasureReceipts(world.bucket.store).read_all()
    assert receipt.ended is None


def test_a_stream_that_another_process_runs_is_waited_for(world: World, tmp_path: Path) -> None:
    world.stream_is_busy = True

    _erasure(tmp_path).run()

    assert "drain" not in world.log
    assert world.streamed == world.ends


def test_lanes_that_have_processed_everything_are_not_run_again(world: World, tmp_path: Path) -> None:
    world.landed = world.streamed = world.served_until = world.ends

    _erasure(tmp_path).run()

    assert {"consume", "drain"} & set(world.log) == set()


@pytest.mark.parametrize("behind", ["streamed", "served_until"])
def test_a_query_that_is_behind_is_waited_for_even_if_the_other_is_not(
    behind: str, world: World, tmp_path: Path
) -> None:
    world.landed = world.streamed = world.served_until = world.ends
    setattr(world, behind, 4)

    _erasure(tmp_path).run()

    assert "drain" in world.log


def test_records_that_were_removed_before_a_query_started_are_not_waited_for(
    world: World, tmp_path: Path
) -> None:
    world.landed = world.streamed = world.earliest = world.ends
    world.served_until = None

    _erasure(tmp_path).run()

    assert "drain" not in world.log


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that makes no progress is given up at once."""
    monkeypatch.setattr(erasure, "stop_after_delay", lambda seconds: lambda state: True)


@pytest.mark.usefixtures("hurried")
def test_a_lane_that_makes_no_progress_ends_the_erasure_before_anything_is_removed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[Settings] = []
    monkeypatch.setattr(erasure, "consume", runs.append)

    with pytest.raises(TransientError, match=r"did not process the records .*continues where it was"):
        _erasure(tmp_path).run()
    assert len(runs) == 10
    assert world.log == []


@pytest.mark.usefixtures("hurried")
def test_a_lane_may_need_several_runs(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def consume_one(settings: Settings) -> None:
        world.landed += 1

    monkeypatch.setattr(erasure, "consume", consume_one)
    world.ends = 12

    assert isinstance(_erasure(tmp_path).run(), ErasureReceipt)
    assert world.landed == 12


def test_a_topic_without_partitions_has_nothing_to_wait_for(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_admin, "latest_offsets", lambda _, topic: {topic: {}})

    _erasure(tmp_path).run()
    assert "consume" not in world.log
