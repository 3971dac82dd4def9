"""Records that Kafka has removed before a lane had read them, found before the lane is."""

from __future__ import annotations

from foundation import kafka_admin as topics
from foundation.clients import s3_client
from foundation.offsets import LostOffsets, OffsetRange
from foundation.settings import Settings
from lakehouse.delta.streaming_checkpoint import read_stream_position


def detect_data_loss(settings: Settings) -> list[LostOffsets]:
    """Return the offsets that a lane's own position says it has to read, but Kafka has no longer.

    A lane without a position has not begun, and begins with what there is.

    Args:
        settings: of Kafka and the object store.

    Raises:
        TransientError: Kafka does not answer.
        TerminalError: it refuses.
    """
    kafka = settings.kafka
    lag = topics.lag(kafka)
    positions = {("batch", row.topic, row.partition): row.committed for row in lag if row.committed}
    streamed = read_stream_position(s3_client(settings.s3), settings.s3.bucket, topic=kafka.stream_topic)
    positions |= {("stream", kafka.stream_topic, number): offset for number, offset in streamed.items()}
    first = {
        (topic, int(number)): offset
        for name in (kafka.batch_topic, kafka.stream_topic)
        for topic, partitions in topics.earliest(kafka, name).items()
        for number, offset in partitions.items()
    }
    return [
        LostOffsets(lane, OffsetRange(topic, number, position, first[topic, number] - 1))
        for (lane, topic, number), position in positions.items()
        if first.get((topic, number), 0) > position
    ]
