"""The stream lane put together from settings: Spark's part, Kafka's first offsets, and its status."""

from __future__ import annotations

from pyspark.sql import SparkSession

from foundation import kafka_admin as topics
from foundation.clients import S3Timeouts, s3_client
from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import stream_status_writer
from lakehouse.pipelines.stream import StreamLane

# The second attempt is for a connection that the store has closed while it was idle.
_STATUS = S3Timeouts(connect=3.0, read=5.0, attempts=2)


def open_stream(spark: SparkSession, settings: Settings, *, command: str = "pinlake stream") -> StreamLane:
    """Return the lane, ready to be drained or followed.

    Args:
        spark: the session.
        settings: Kafka, the object store and Postgres.
        command: what this process runs, as readers of the lane's status see it.

    Raises:
        TerminalError: a suite is not usable.
    """
    kafka = settings.kafka
    client = s3_client(settings.s3, _STATUS)
    return StreamLane(
        DeltaLake.of(spark, settings),
        settings,
        earliest=lambda: topics.earliest_offsets(kafka, kafka.stream_topic),
        status=stream_status_writer.into_bucket(client, settings.s3.bucket, command=command),
    )
