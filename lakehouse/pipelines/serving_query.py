"""The serving query: from Kafka into Postgres and nothing else, as often as it can.

It needs no object store. Its position is in the table `loads`: see `lakehouse.serving.position`. Spark's
checkpoint is a folder on the local disk, a new one for each start, which may be lost at any moment.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace

import structlog
from pyspark.sql import DataFrame, SparkSession

from foundation.offsets import OffsetRange, Positions, advance, starting_position
from foundation.settings import Settings
from lakehouse.bronze import sources
from lakehouse.delta import commit_info
from lakehouse.delta.checkpoint_folder import HadoopFolder
from lakehouse.delta.commit_info import CommitInfo, Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.metrics import StepMetrics
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.delta.streaming_checkpoint import Checkpoint
from lakehouse.pipelines.data_loss import find_lost
from lakehouse.pipelines.micro_batches import MicroBatches
from lakehouse.pipelines.serving_writer import ServingBatchWriter
from lakehouse.serving.position import QUERY, ServingPosition, read_newest_of_others, read_position
from lakehouse.serving.postgres import ServingDatabase

log = structlog.get_logger()

_POOL = "serving"
# With some hundred rows, planning again after a shuffle costs more than it saves, and so do more tasks.
_FEW_ROWS = {"spark.sql.adaptive.enabled": "false", "spark.sql.shuffle.partitions": "1"}


class ServingQuery:
    """The query that serves events.

    Args:
        lake: the lakehouse; only an older version's checkpoint is ever read from it.
        settings: Kafka, and how much a micro-batch may read.
        serving: Postgres.
        writer: writes a micro-batch.
        earliest: asks Kafka for the first offsets that it still has.
        run: commit info with the lane and the run of every micro-batch.
    """

    name = QUERY

    def __init__(
        self,
        lake: DeltaLake,
        settings: Settings,
        *,
        serving: ServingDatabase,
        writer: ServingBatchWriter,
        earliest: Callable[[], Positions],
        run: CommitInfo,
    ) -> None:
        self._lake = lake
        self._settings = settings
        self._serving = serving
        self._writer = writer
        self._earliest = earliest
        self._run = run
        self._position = ServingPosition()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def trigger_seconds(self) -> float:
        """How often Kafka is asked for new records."""
        return self._settings.stream.serving_trigger_seconds

    def open(self, on_written: Callable[[], None]) -> MicroBatches:
        """Return the query; it starts at the position in Postgres.

        Args:
            on_written: called after each micro-batch.

        Raises:
            TransientError: Postgres or Kafka does not answer.
            TerminalError: Kafka has removed records that had not been served.
        """
        self._serving.ensure()
        start = self._read_position()
        earliest = self._earliest()
        start = self._pass_over_lost(start, earliest)
        offsets = starting_position(start.offsets, earliest)
        self._position = replace(start, offsets=offsets)
        limit = self._settings.stream.max_offsets_per_trigger
        session = serving_session(self._lake.spark)
        source = sources.read_kafka(session, self._settings.kafka, offsets_per_batch=limit, start=offsets)

        lines = self._writer.to_lines(source)

        def write(rows: DataFrame, batch: MicroBatch) -> StepMetrics:
            counts = self._write(rows, batch)
            if counts.read:
                on_written()
            return counts

        return MicroBatches(lines, write, checkpoint=self._new_checkpoint(session), run=self._run)

    def close(self) -> None:
        """Remove the checkpoint of the last start."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _write(self, rows: DataFrame, batch: MicroBatch) -> StepMetrics:
        """Write a micro-batch as the next load; Spark's own number begins with 0 in each checkpoint."""
        info = batch.commit_info
        # The first micro-batch of a checkpoint comes even if there is nothing to read.
        if info is None or not info.offsets:
            return StepMetrics()
        number = self._position.next_load
        following = ServingPosition(advance(self._position.offsets, info.offsets), number + 1)
        load = MicroBatch(QUERY, number, replace(info, query=QUERY, batch=number), batch.began)
        counts = self._writer.write(rows, load, position=following.offsets)
        self._position = following
        return counts

    def _read_position(self) -> ServingPosition:
        """Return the position in Postgres; the first start records the one that an older version left."""
        position = read_position(self._serving.query)
        if position.next_load:
            return position
        offsets = position.offsets or self._read_older_position()
        return self._move(position, offsets, step=Step.SERVING) if offsets else position

    def _read_older_position(self) -> Positions:
        """Return the position after the newest load of an older version whose loads name no offsets.

        A load of that version means that its micro-batch is in Postgres as a whole, and all before it, even
        if the tables did not get it; so the checkpoint's own position, which may be behind the load or, by
        now, ahead of it, does not count. Where nothing is known, every record that Kafka has is served again,
        which changes nothing, because only newer events replace a row.
        """
        newest = read_newest_of_others(self._serving.query)
        if newest is None:
            return {}
        query, number = newest
        checkpoint = self._lake.checkpoint("stream")
        return checkpoint.end_of_batch(number) if checkpoint.query_id() == query else {}

    def _pass_over_lost(self, start: ServingPosition, earliest: Positions) -> ServingPosition:
        """Stop at offsets that Kafka has removed, or record them and return the position after them."""
        lost = find_lost(start.offsets, earliest, kafka=self._settings.kafka)
        if not lost:
            return start
        for part in lost:
            log.error("offsets are lost and will not be served", **part.as_row())
        ranges = tuple(part.offsets for part in lost)
        return self._move(start, advance(start.offsets, ranges), step=Step.LOST, passed=ranges)

    def _move(
        self, start: ServingPosition, to: Positions, *, step: Step, passed: tuple[OffsetRange, ...] = ()
    ) -> ServingPosition:
        """Record a position in Postgres without serving anything, and return it."""
        number = start.next_load
        info = commit_info.begin(lane=self._run.lane, step=step, run=self._run.run)
        info = replace(info, query=QUERY, batch=number, offsets=passed)
        self._serving.skip(MicroBatch(QUERY, number, info, info.began), position=to)
        return ServingPosition(to, number + 1)

    def _new_checkpoint(self, session: SparkSession) -> Checkpoint:
        self.close()
        self._folder = tempfile.TemporaryDirectory(prefix="pinlake-serving-", ignore_cleanup_errors=True)
        return Checkpoint(HadoopFolder(session, f"file:{self._folder.name}"))


def serving_session(spark: SparkSession) -> SparkSession:
    """Return a session for small micro-batches, whose jobs do not queue behind those of the tables.

    The query that this thread starts inherits the pool.
    """
    session = spark.newSession()
    session.sparkContext.setLocalProperty("spark.scheduler.pool", _POOL)
    for name, value in _FEW_ROWS.items():
        session.conf.set(name, value)
    return session
