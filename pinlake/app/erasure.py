"""Erasure of pins everywhere while the lanes run: landing, tables, Postgres, report pages and the broker.

First both lanes process all records that were in the topics when the erasure started, so that no record of
the pins is still on its way. Then the rows are removed, the readers of the batch lane are moved to versions
without the rows, and only then the files with the rows are removed. Each step finds what is left to do, so an
erasure that was killed can be run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation import kafka_admin
from foundation.data_subjects import Subjects
from foundation.errors import TransientError
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from ingestion.landing import redaction
from ingestion.landing.run import consume
from lakehouse.catalog.tables import BATCH, STREAM, Lane, Table
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.locks import table_locks
from lakehouse.delta.locks.lease_store import LeaseHeldError
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.observability.ledger.entries import POSTGRES
from lakehouse.operations.erasure import files, rows
from lakehouse.operations.erasure import postgres as served
from lakehouse.operations.erasure import verification as traces
from lakehouse.operations.erasure.receipt import ErasureReceipt, ErasureReceipts
from lakehouse.pipelines import batch as batch_lane
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.position import read_offsets
from pinlake.app import report_pages

_ATTEMPTS = 10
_EXTRA_SECONDS = 15.0
_LANDING, _PAGES = "landing", "pages"
Positions = Mapping[str, Mapping[str, int]]


class Erasure:
    """One erasure. The caller must hold the leases of the batch lane.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        subjects: the pins.
        on_step: called with the name of each step when it starts.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, subjects: Subjects, *, on_step: Callable[[str], None]
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._subjects = subjects
        self._on_step = on_step
        self._lake = DeltaLake.of(spark, settings)
        self._store = ObjectStore.open(settings.s3)
        self._records = ErasureReceipts(self._store)
        self._record = self._records.resume_or_begin(subjects)

    def run(self) -> ErasureReceipt:
        """Erase the pins, search for traces, and return the receipt.

        Raises:
            TransientError: a server is unavailable, or a lane makes no progress.
            TerminalError: a critical rule fails, so readers cannot be moved to new versions. Nothing that
                readers see is removed then.
        """
        kafka = self._settings.kafka
        ends = {
            name: offsets
            for topic in (kafka.batch_topic, kafka.stream_topic)
            for name, offsets in kafka_admin.latest_offsets(kafka, topic).items()
        }
        self._catch_up(ends)
        self._redact()
        for lane in (BATCH, STREAM):
            for table in lane.tables:
                self._remove_rows(table, self._commit_info(lane))
        self._remove_postgres_rows()
        self._move_readers()
        for table in (*BATCH.tables, *STREAM.tables):
            self._remove_files(table)
        self._remove_pages()
        self._on_step("the broker")
        kafka_admin.delete_records(kafka, ends)
        return self._verify()

    def _catch_up(self, ends: Positions) -> None:
        """Let both lanes process the records of the topics, so that no record of the pins is read later."""
        self._on_step("waiting for records on their way")
        batch, stream = (ends[topic] for topic in self._topics)
        if batch:
            self._again_until(partial(self._has_landed, batch), lambda: consume(self._settings))
        batch_lane.run_all(self._lake, text_policy=self._settings.text_policy)
        self._again_until(partial(self._has_streamed, stream), self._drain_stream)

    def _has_landed(self, ends: Mapping[str, int]) -> bool:
        lag = kafka_admin.read_lag(self._settings.kafka)
        batch = [row for row in lag if row.topic == self._settings.kafka.batch_topic]
        return all((row.committed or 0) >= ends.get(str(row.partition), 0) for row in batch)

    def _has_streamed(self, ends: Mapping[str, int]) -> bool:
        """Return whether both queries are past these offsets: the one of the tables and the serving query."""
        topic = self._settings.kafka.stream_topic
        # Neither query has a position in a partition whose records were all removed before it started.
        first = kafka_admin.earliest_offsets(self._settings.kafka, topic).get(topic, {})
        stored = self._checkpoint.position().get(topic, {})
        served_offsets = (read_offsets(self._settings.postgres) or {}).get(topic, {})
        return all(
            max(first.get(partition, 0), position.get(partition, 0)) >= end
            for position in (stored, served_offsets)
            for partition, end in ends.items()
        )

    def _drain_stream(self) -> None:
        """Run the stream lane until it has read everything; raises `LeaseHeldError` if it runs already."""
        with table_locks.hold_locks(self._settings, [table_locks.STREAM_LOCK], command="pinlake erase"):
            open_stream(self._spark, self._settings, command="pinlake erase").drain()

    def _redact(self) -> None:
        """Blank the landed records. The batch lane has already read all of them."""
        self._on_step(_LANDING)
        keys = redaction.landing_keys(self._store)
        counts = redaction.count_records(self._store, keys, self._subjects)
        if counts:
            self._save(self._record.with_counts(_LANDING, rows=sum(counts.values()), files=len(counts)))
            redaction.redact(self._store, counts, self._subjects)

    def _remove_rows(self, table: Table, info: CommitInfo) -> None:
        name = table.full_name
        self._on_step(name)
        self._lake.ensure(table)
        count = rows.count_rows(self._lake, table, self._subjects)
        if count:
            before = self._lake.version(table)
            self._save(
                self._record.with_counts(name, rows=count).with_versions(name, before=before, after=before)
            )
            rows.erase_rows(self._lake, table, self._subjects, commit_info=info)

    def _remove_postgres_rows(self) -> None:
        self._on_step("Postgres")
        postgres, ids = self._settings.postgres, self._subjects.ids
        count = served.count_rows(postgres, ids)
        if count:
            self._save(self._record.with_counts(POSTGRES, rows=count))
            served.erase_rows(postgres, ids, self._commit_info(STREAM))
        # Also if an earlier run was killed between the deletion and this step.
        if POSTGRES in self._record.places:
            served.rewrite_table(postgres)

    def _move_readers(self) -> None:
        """Publish new versions of the batch lane and let the stream finish its current micro-batch.

        Gold recomputes the days of the removed pins. A micro-batch that started earlier may still read the
        files that will be removed.
        """
        self._on_step("moving readers to new versions")
        batch_lane.run_all(self._lake, text_policy=self._settings.text_policy)
        begun = self._checkpoint.last_started_batch()
        self._again_until(lambda: self._checkpoint.last_committed_batch() >= begun, self._drain_stream)

    def _remove_files(self, table: Table) -> None:
        name = table.full_name
        self._on_step(f"old files of {name}")
        purge = files.plan_purge(self._lake, table, self._subjects)
        if purge.urls:
            record = self._record.with_counts(name, files=len(purge.urls))
            if purge.versions:
                record = record.with_unreadable_versions(name, purge.versions)
            self._save(record)
            files.remove_files(self._spark, purge)
        if name in self._record.places:
            after = self._lake.version(table)
            self._save(self._record.with_versions(name, before=after, after=after))

    def _remove_pages(self) -> None:
        self._on_step("pages of the quality report")
        paths = report_pages.find_mentions(self._store, self._settings, self._subjects)
        if paths:
            self._save(self._record.with_counts(_PAGES, rows=len(paths)))
            report_pages.remove(self._store, paths)

    def _verify(self) -> ErasureReceipt:
        self._on_step("searching for traces")
        remaining = traces.search_objects(self._store, self._subjects)
        remaining += traces.search_values(self._lake, self._subjects)
        naming = served.count_mentions(self._settings.postgres, self._subjects.ids)
        remaining += [f"Postgres: {naming} rows"] if naming else []
        proved = self._record.with_search_result(tuple(dict.fromkeys(remaining)))
        return self._save(proved) if proved.removed or proved.traces else proved

    def _again_until(self, reached: Callable[[], bool], work: Callable[[], object]) -> None:
        """Do the work until a state is reached, or wait if another process already does the work."""
        # A consumer that runs at the same time closes an object within max_seconds, unless it is interrupted.
        pause = self._settings.consumer.max_seconds + _EXTRA_SECONDS
        waiting = Retrying(
            retry=retry_if_result(lambda is_reached: not is_reached),
            wait=wait_fixed(0.5),
            stop=stop_after_delay(pause),
            retry_error_callback=lambda _: False,
        )
        for _ in range(_ATTEMPTS):
            if reached():
                return
            with suppress(LeaseHeldError):
                work()
            if waiting(reached):
                return
        raise TransientError(
            "a lane did not process the records that were there when the erasure started",
            where="pinlake status",
            hint="Check what the lane waits for, then run the command again: it continues where it was.",
        )

    def _commit_info(self, lane: Lane) -> CommitInfo:
        begun = commit_info.begin(lane=lane.name, step=Step.ERASE, run=self._record.run)
        return replace(begun, query=f"{Step.ERASE}/{self._record.run}")

    def _save(self, record: ErasureReceipt) -> ErasureReceipt:
        self._record = self._records.save(record)
        return self._record

    @property
    def _checkpoint(self) -> Checkpoint:
        return self._lake.checkpoint("stream")

    @property
    def _topics(self) -> tuple[str, str]:
        return self._settings.kafka.batch_topic, self._settings.kafka.stream_topic
