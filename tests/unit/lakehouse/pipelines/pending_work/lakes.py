"""A lakehouse in which nothing is left to do, until a test changes its state."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from lakehouse.catalog.columns import columns_of
from lakehouse.catalog.downstream_steps import DOWNSTREAM_STEPS, DownstreamStep
from lakehouse.catalog.errors import TableNotFoundError
from lakehouse.catalog.locations import checkpoint_key, table_key
from lakehouse.catalog.tables import BATCH, PUBLISHED, TABLES, Table
from lakehouse.pipelines.pending_work.lake_state import AuditedVersion, LakeState, TableState
from lakehouse.quality import published_version, stream_audit_status
from lakehouse.quality.published_version import PublishedVersion
from lakehouse.quality.stream_audit_status import AUDITED, StreamAuditStatus
from lakehouse.quality.suite_file import read_suite_file
from tests.unit.in_memory_bucket import NAME, InMemoryBucket

VERSION = 3
RUN = "a run"
TOPIC = "t"
SILVER_READER, GOLD_READER = DOWNSTREAM_STEPS


class SettledLake(LakeState):
    """The state after every step has done its work. Every table has version 3.

    Attributes:
        bucket: checkpoints, published versions and landing objects.
        states: the newest versions of the tables.
        audited: the versions that each run has audited.
    """

    def __init__(self) -> None:
        self.bucket = InMemoryBucket()
        self.objects = self.bucket.store
        self.states = {table: _state(table) for table in TABLES}
        self.audited = {RUN: frozenset(map(_audit, (*PUBLISHED, *AUDITED)))}
        self.land(0, entry=0)
        self.end_batch(BATCH.bronze.full_name, {"logOffset": 0})
        for table in PUBLISHED:
            self.publish(table, VERSION)
        for reader in DOWNSTREAM_STEPS:
            self.move_reader(reader, VERSION + 1)
        self.end_batch("stream", {TOPIC: {"0": 5, "1": 7}})
        self.write_audit_status(StreamAuditStatus(datetime.now(UTC).isoformat(), RUN))

    def open_tables(self, tables: Sequence[Table]) -> list[TableState]:
        """Return the newest versions of tables."""
        for table in tables:
            if table not in self.states:
                raise TableNotFoundError(table, where="memory")
        return [self.states[table] for table in tables]

    def find_audited(self, run_id: str | None) -> frozenset[AuditedVersion]:
        """Return the versions that a run has audited."""
        return self.audited.get(run_id or "", frozenset())

    def put(self, key: str, text: str) -> None:
        """Write an object."""
        self.bucket.put_object(Bucket=NAME, Key=key, Body=text.encode())

    def commit(self, table: Table) -> None:
        """Add a version to a table."""
        state = self.states[table]
        self.states[table] = replace(state, version=state.version + 1)

    def drop_column(self, table: Table, name: str) -> None:
        """Let a table be as an older Pinlake has created it, without a column."""
        state = self.states[table]
        self.states[table] = replace(state, columns=state.columns - {name})

    def publish(self, table: Table, version: int | None) -> None:
        """Publish a version of a table."""
        self.put(published_version.key(table), PublishedVersion(version, RUN).as_text())

    def land(self, first: int, *, entry: int | None = None) -> None:
        """Add a landing object; with an entry, the reader of landing has found it."""
        key = LandingObject("2026-03-01", OffsetRange(TOPIC, 0, first, first)).key
        self.put(key, "")
        if entry is not None:
            line = json.dumps({"path": f"s3a://{NAME}/{key}", "timestamp": 1, "batchId": entry})
            self.put(f"{checkpoint_key(BATCH.bronze.full_name)}/sources/0/{entry}", f"v1\n{line}")

    def start_batch(self, checkpoint: str, end: object, *, number: int = 0) -> None:
        """Write down where a micro-batch ends, as Spark does before it runs it."""
        self.put(f"{checkpoint_key(checkpoint)}/offsets/{number}", f"v1\n{{}}\n{json.dumps(end)}")

    def end_batch(self, checkpoint: str, end: object, *, number: int = 0) -> None:
        """Run a micro-batch to its end."""
        self.start_batch(checkpoint, end, number=number)
        self.put(f"{checkpoint_key(checkpoint)}/commits/{number}", "v1\n{}")

    def move_reader(self, reader: DownstreamStep, version: int, index: int = -1) -> None:
        """Let the last micro-batch of a reader end at a position in its table."""
        self.end_batch(reader.checkpoint, position(reader.reads, version, index))

    def write_commit(self, table: Table, *actions: str) -> None:
        """Write the log of a table's newest version, with one action of each kind."""
        text = "\n".join(json.dumps({action: {}}) for action in actions)
        self.put(f"{table_key(table)}/_delta_log/{self.states[table].version:020}.json", text)

    def write_audit_status(self, status: StreamAuditStatus) -> None:
        """Write what the last audit of the stream lane has found."""
        self.put(stream_audit_status.KEY, status.as_json())


def position(table: Table, version: int, index: int = -1) -> dict[str, object]:
    """Return a position in a table, as Delta writes it."""
    return {
        "sourceVersion": 1,
        "reservoirId": f"id of {table.full_name}",
        "reservoirVersion": version,
        "index": index,
        "isStartingVersion": False,
    }


def _state(table: Table) -> TableState:
    columns = frozenset(name for name, _, _ in columns_of(table))
    return TableState(table, f"id of {table.full_name}", VERSION, columns)


def _audit(table: Table) -> AuditedVersion:
    return AuditedVersion(table.full_name, VERSION, read_suite_file(table).fingerprint)
