"""Pins erased everywhere, while the lanes run: landing, tables, Postgres, pages and the broker.

Both lanes are first brought past what the topics held when it began, so that nothing of a pin is on its way
any more. Then its rows are removed, the batch lane's readers are moved to the versions without them, and only
then the files that hold them. Each part finds by itself what is left to do: killed anywhere, it is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation import kafka_admin as topics
from foundation.clients import s3_client
from foundation.data_subjects import Subjects
from foundation.errors import TransientError
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
from pinlake.app import report_pages as pages

_ATTEMPTS = 10
_SLACK_SECONDS = 15.0
_LANDING, _PAGES = "landing", "pages"
Positions = Mapping[str, Mapping[str, int]]


class Erasure:
    """One erasure. The leases of the batch lane's steps must be held.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        subjects: the pins.
        tell: told what it is at.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, subjects: Subjects, *, tell: Callable[[str], None]
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._subjects = subjects
        self._tell = tell
        self._lake = DeltaLake.of(spark, settings)
        self._s3 = s3_client(settings.s3)
        self._records = ErasureReceipts(self._s3, settings.s3.bucket)
        self._record = self._records.resume_or_begin(subjects)

    def run(self) -> ErasureReceipt:
        """Erase, search for what is left, and return the receipt.

        Raises:
            TransientError: a server is away, or a lane does not get on.
            TerminalError: a critical rule does not hold, so that readers cannot be moved on: nothing that
                they see is removed.
        """
        kafka = self._settings.kafka
        ends = {
            name: found
            for topic in (kafka.batch_topic, kafka.stream_topic)
            for name, found in topics.latest(kafka, topic).items()
        }
        self._catch_up(ends)
        self._redact()
        for lane in (BATCH, STREAM):
            for table in lane.tables:
                self._remove_rows(table, self._commit_info(lane))
        self._remove_served()
        self._move_readers()
        for table in (*BATCH.tables, *STREAM.tables):
            self._remove_files(table)
        self._remove_pages()
        self._tell("the broker")
        topics.forget(kafka, ends)
        return self._prove()

    def _catch_up(self, ends: Positions) -> None:
        """Bring both lanes past what the topics held, so that nobody reads a record of the pins again."""
        self._tell("waiting for what is on its way")
        batch, stream = (ends[topic] for topic in self._topics)
        if batch:
            self._again_until(partial(self._has_landed, batch), lambda: consume(self._settings))
        self._batch_lane()
        self._again_until(partial(self._has_streamed, stream), self._drain_stream)

    def _has_landed(self, ends: Mapping[str, int]) -> bool:
        lag = topics.lag(self._settings.kafka)
        mine = [row for row in lag if row.topic == self._settings.kafka.batch_topic]
        return all((row.committed or 0) >= ends.get(str(row.partition), 0) for row in mine)

    def _has_streamed(self, ends: Mapping[str, int]) -> bool:
        position = self._checkpoint.position().get(self._settings.kafka.stream_topic, {})
        return all(position.get(partition, 0) >= end for partition, end in ends.items())

    def _batch_lane(self) -> None:
        batch_lane.run_bronze(self._lake)
        batch_lane.run_silver(self._lake, text_policy=self._settings.text_policy)
        batch_lane.run_gold(self._lake)

    def _drain_stream(self) -> None:
        """Do the stream's work, unless somebody does it already."""
        with table_locks.hold_locks(self._settings, [table_locks.STREAM_LOCK], command="pinlake erase"):
            open_stream(self._spark, self._settings, command="pinlake erase").drain()

    def _redact(self) -> None:
        """Blank the landed records. The batch lane has read all that landed before it caught up."""
        self._tell(_LANDING)
        bucket = self._settings.s3.bucket
        keys = redaction.landed(self._s3, bucket)
        found = redaction.holding(self._s3, bucket, keys, self._subjects)
        if found:
            self._save(self._record.with_counts(_LANDING, rows=sum(found.values()), files=len(found)))
            redaction.redact(self._s3, bucket, found, self._subjects)

    def _remove_rows(self, table: Table, info: CommitInfo) -> None:
        name = table.full_name
        self._tell(name)
        self._lake.ensure(table)
        found = rows.count_rows(self._lake, table, self._subjects)
        if found:
            before = self._lake.version(table)
            self._save(
                self._record.with_counts(name, rows=found).with_versions(name, before=before, after=before)
            )
            rows.erase_rows(self._lake, table, self._subjects, commit_info=info)

    def _remove_served(self) -> None:
        self._tell("Postgres")
        postgres, ids = self._settings.postgres, self._subjects.ids
        found = served.count_rows(postgres, ids)
        if found:
            self._save(self._record.with_counts(POSTGRES, rows=found))
            served.erase_rows(postgres, ids, self._commit_info(STREAM))
        # Also if a run before this one was killed in between.
        if POSTGRES in self._record.places:
            served.rewrite_table(postgres)

    def _move_readers(self) -> None:
        """Publish the batch lane's new versions, let gold see what is gone, and the stream end its writes.

        Gold computes the days of the removed pins anew. A micro-batch that had begun earlier may still read
        the files that are about to be removed.
        """
        self._tell("moving readers on")
        self._batch_lane()
        begun = self._checkpoint.last_started_batch()
        self._again_until(lambda: self._checkpoint.last_committed_batch() >= begun, self._drain_stream)

    def _remove_files(self, table: Table) -> None:
        name = table.full_name
        self._tell(f"old files of {name}")
        purge = files.plan_purge(self._lake, table, self._subjects)
        if purge.urls:
            found = self._record.with_counts(name, files=len(purge.urls))
            if purge.versions:
                found = found.with_unreadable_versions(name, purge.versions)
            self._save(found)
            files.remove_files(self._spark, purge)
        if name in self._record.places:
            after = self._lake.version(table)
            self._save(self._record.with_versions(name, before=after, after=after))

    def _remove_pages(self) -> None:
        self._tell("pages of the quality report")
        found = pages.naming(self._s3, self._settings, self._subjects)
        if found:
            self._save(self._record.with_counts(_PAGES, rows=len(found)))
            pages.remove(self._s3, self._settings, found)

    def _prove(self) -> ErasureReceipt:
        self._tell("searching for what is left")
        left = traces.search_objects(self._s3, self._settings.s3.bucket, self._subjects)
        left += traces.search_values(self._lake, self._subjects)
        naming = served.count_mentions(self._settings.postgres, self._subjects.ids)
        left += [f"Postgres: {naming} rows"] if naming else []
        proved = self._record.with_search_result(tuple(dict.fromkeys(left)))
        return self._save(proved) if proved.removed or proved.traces else proved

    def _again_until(self, reached: Callable[[], bool], work: Callable[[], object]) -> None:
        """Work until something is reached, or wait for whoever does that work already."""
        # Whoever lands beside this closes an object within max_seconds, unless it is disturbed again.
        pause = self._settings.consumer.max_seconds + _SLACK_SECONDS
        waiting = Retrying(
            retry=retry_if_result(lambda done: not done),
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
            "a lane does not get past what was there when the erasure began",
            where="pinlake status",
            hint="Look at what it waits for, then run it again: it goes on where it was.",
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
