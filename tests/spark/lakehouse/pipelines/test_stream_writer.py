"""A micro-batch of the table query reaches every table once, however often it is written."""

from __future__ import annotations

from lakehouse.catalog.tables import STREAM
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake, MicroBatch
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality.results import GateStats
from tests.kafka_frames import kafka_frame, pin_bytes

PIN, OTHER = "0190163d-8694-739b-aea5-966c26f8ad90", "0190163d-8694-739b-aea5-966c26f8ad91"
RUN = commit_info.begin(lane="stream")


def test_a_micro_batch_is_written_once_into_every_layer(lake: DeltaLake) -> None:
    stats = GateStats()
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=stats)
    rows = kafka_frame(
        lake.spark, pin_bytes(PIN, "10"), pin_bytes(OTHER, "1900M"), pin_bytes(PIN, "20"), b"no json"
    )
    batch = MicroBatch("query", 0, RUN)
    writer.ensure()

    for _ in range(2):
        counts = writer.write(rows, batch)
        assert (counts.read, counts.written, counts.quarantined) == (4, 2, 2)

        assert lake.read(STREAM.bronze).count() == 4
        for table in (STREAM.silver, STREAM.features):
            assert [(row.unique_id, row.follower_count) for row in lake.read(table).collect()] == [(PIN, 20)]
        refused = lake.read(STREAM.quarantine).orderBy("offset").collect()
        assert [row.reasons for row in refused] == [
            ["silver.follower_count.plausible"],
            ["value.not_one_json_object"],
        ]

    assert stats.take(run_id="run", lane="stream")[1].read == 8
    version = lake.version(STREAM.bronze)
    assert writer.write(rows.limit(0), MicroBatch("query", 1, RUN)).read == 0
    assert lake.version(STREAM.bronze) == version
