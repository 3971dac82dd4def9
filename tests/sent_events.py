"""Events sent to the stream topic round after round, and the state that they must lead to."""

from __future__ import annotations

import orjson
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from foundation.event import EVENT_ID_HEADER, new_event_id
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from tests.served import served

PIN = "0190163d-8694-739b-aea5-{:012x}"
EVENTS = 60
PINS = 40


class SentEvents:
    """Events written to the topic of one test: in each round all pins, some twice, and invalid records."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "acks": "all"})
        self.records = 0
        self.refused = 0
        self.newest: dict[str, tuple[str, int]] = {}
        self.events: list[tuple[str, str, int]] = []

    def round(self) -> None:
        """Write one more round."""
        for number in range(EVENTS):
            self.records += 1
            unique_id, event_id = PIN.format(number % PINS), new_event_id()
            pin = {"unique_id": unique_id, "category": "art", "follower_count": str(self.records)}
            self._write(orjson.dumps(pin), event_id)
            self.newest[unique_id] = (event_id, self.records)
            self.events.append((unique_id, event_id, self.records))
        self._write(b"\xff no pin", new_event_id())
        self.records += 1
        self.refused += 1
        assert self._producer.flush(30) == 0

    def _write(self, value: bytes, event_id: str) -> None:
        headers: list[tuple[str, str | bytes | None]] = [(EVENT_ID_HEADER, event_id.encode())]
        self._producer.produce(self._settings.kafka.stream_topic, value, headers=headers)


def assert_all_arrived_once(sent: SentEvents, own: Settings, spark: SparkSession) -> None:
    """Check that every table has every event once, and Postgres the newest one of each pin."""

    def read(table: Table) -> list[dict[str, object]]:
        path = DeltaLake.of(spark, own).path(table)
        return [row.asDict() for row in spark.read.format("delta").load(path).collect()]

    bronze = read(STREAM.bronze)
    assert len(bronze) == sent.records
    assert len({(row["partition"], row["offset"]) for row in bronze}) == sent.records
    assert len(read(STREAM.quarantine)) == sent.refused
    for table in (STREAM.silver, STREAM.features):
        rows = [(row["unique_id"], row["event_id"], row["follower_count"]) for row in read(table)]
        assert sorted(rows, key=str) == sorted(sent.events, key=str), table.full_name
    assert served(own) == sent.newest
