"""A micro-batch of the table query reaches every table once, however often it is written.

Silver and gold keep every event that passed, each once: of repeats the first.
"""

from __future__ import annotations

from functools import partial

from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta import commit_info
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.pipelines.stream_writer import StreamBatchWriter
from lakehouse.quality.results import GateStats
from tests.costs import count_jobs
from tests.kafka_frames import event_frame, kafka_frame, pin_bytes

PIN, OTHER = "0190163d-8694-739b-aea5-966c26f8ad90", "0190163d-8694-739b-aea5-966c26f8ad91"
RUN = commit_info.begin(lane="stream")
MAX_JOBS = 15


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
            assert _followers(lake, table) == [(PIN, 10), (PIN, 20)]
        refused = lake.read(STREAM.quarantine).orderBy("offset").collect()
        assert [row.reasons for row in refused] == [
            ["silver.follower_count.plausible"],
            ["value.not_one_json_object"],
        ]

    assert stats.take(run_id="run", lane="stream")[1].read == 8
    version = lake.version(STREAM.bronze)
    assert writer.write(rows.limit(0), MicroBatch("query", 1, RUN)).read == 0
    assert lake.version(STREAM.bronze) == version


def test_a_repeated_event_is_kept_once_and_another_pin_may_have_its_id(lake: DeltaLake) -> None:
    event, late = "0190163d-0000-7000-8000-000000000002", "0190163d-0000-7000-8000-000000000001"
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    writer.ensure()
    sent = [
        (event, pin_bytes(PIN, "1")), (event, pin_bytes(PIN, "2")), (event, pin_bytes(OTHER, "3")),
        (event, pin_bytes(PIN, "4")), (late, pin_bytes(PIN, "5")), (event, pin_bytes(OTHER, "6")),
    ]  # fmt: skip
    rows = event_frame(lake.spark, *sent)

    for number, part in enumerate(("offset < 3", "offset >= 3")):
        writer.write(rows.where(part), MicroBatch("query", number, RUN))

    for table in (STREAM.silver, STREAM.features):
        assert _followers(lake, table) == [(PIN, 1), (PIN, 5), (OTHER, 3)]
    assert lake.read(STREAM.bronze).count() == len(sent)


def test_the_number_of_jobs_is_limited_and_does_not_depend_on_the_tables(lake: DeltaLake) -> None:
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    writer.ensure()
    jobs = []
    for number in range(3):
        rows = kafka_frame(lake.spark, pin_bytes(PIN, str(number)), pin_bytes(OTHER, "9"))
        batch = MicroBatch("query", number, RUN)
        jobs.append(count_jobs(lake.spark, partial(writer.write, rows, batch)))

    assert max(jobs) <= MAX_JOBS, jobs
    assert jobs[1] == jobs[2]


def test_gold_is_filled_although_silver_has_the_events(lake: DeltaLake) -> None:
    # The driver may die after silver's commit and before gold's: Spark repeats the micro-batch.
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    writer.ensure()
    rows, batch = kafka_frame(lake.spark, pin_bytes(PIN, "10")), MicroBatch("query", 0, RUN)
    writer.write(rows, batch)
    lake.delta_table(STREAM.features).restoreToVersion(0)

    # Delta would recognise the same micro-batch; as another one it must rely on the events.
    writer.write(rows, MicroBatch("query", 1, RUN))

    for table in (STREAM.silver, STREAM.features):
        assert _followers(lake, table) == [(PIN, 10)]


def test_commits_count_the_records_that_passed_both_gates_repeats_included(lake: DeltaLake) -> None:
    event = "0190163d-0000-7000-8000-000000000002"
    writer = StreamBatchWriter(lake, text_policy="unicode", stats=GateStats())
    writer.ensure()
    rows = event_frame(lake.spark, *[(event, pin_bytes(PIN, "1"))] * 3, (event, b"no json"))

    writer.write(rows, MicroBatch("query", 0, RUN))

    for table in (STREAM.bronze, STREAM.silver, STREAM.features):
        (metadata,) = lake.delta_table(table).history(1).select("userMetadata").collect()
        info = commit_info.parse(metadata[0])
        assert info is not None
        assert info.passed == 3


def _followers(lake: DeltaLake, table: Table) -> list[tuple[str, int]]:
    rows = lake.read(table).select("unique_id", "follower_count").collect()
    return sorted((row.unique_id, row.follower_count) for row in rows)
