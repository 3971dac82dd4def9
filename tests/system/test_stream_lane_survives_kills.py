"""The stream lane killed, repeated and stopped: every table has every event once, and Postgres serves it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.event import EVENT_ID_HEADER, new_event_id
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines.stream import open_stream
from tests import commands, stored
from tests.served import served

PIN = "0190163d-8694-739b-aea5-{:012x}"
EVENTS = 60
PINS = 40
SLOW = 240.0


class SentEvents:
    """Events written to the topic of one test: in each round all pins, some twice, and invalid records."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "acks": "all"})
        self.records = 0
        self.refused = 0
        self.newest: dict[str, tuple[str, int]] = {}

    def round(self) -> None:
        """Write one more round."""
        for number in range(EVENTS):
            self.records += 1
            unique_id, event_id = PIN.format(number % PINS), new_event_id()
            pin = {"unique_id": unique_id, "category": "art", "follower_count": str(self.records)}
            self._write(orjson.dumps(pin), event_id)
            self.newest[unique_id] = (event_id, self.records)
        self._write(b"\xff no pin", new_event_id())
        self.records += 1
        self.refused += 1
        assert self._producer.flush(30) == 0

    def _write(self, value: bytes, event_id: str) -> None:
        headers: list[tuple[str, str | bytes | None]] = [(EVENT_ID_HEADER, event_id.encode())]
        self._producer.produce(self._settings.kafka.stream_topic, value, headers=headers)


@pytest.mark.timeout(900)
def test_a_stream_killed_while_it_writes_goes_on_where_it_was(
    own: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    sent = SentEvents(own)
    sent.round()
    log = tmp_path / "first.log"
    with commands.start("stream", settings=own, log=log) as stream:
        try:
            # One table has the micro-batch; the other tables may lack it, and the checkpoint does.
            has_bronze = partial(stored.has_version, own, STREAM.bronze, 1)
            commands.until(partial(_holds_or_ended, has_bronze, stream), seconds=SLOW)
            assert stream.poll() is None, log.read_text()
        finally:
            stream.kill()
    sent.round()
    log = tmp_path / "last.log"
    with commands.start("stream", settings=own, log=log) as stream:
        try:
            has_all = partial(_serves, own, sent)
            commands.until(partial(_holds_or_ended, has_all, stream), seconds=SLOW)
            stream.send_signal(signal.SIGTERM)
            assert stream.wait(SLOW) == 0, log.read_text()
        finally:
            stream.kill()
    _assert_all_arrived_once(sent, own, spark)


def test_a_commit_the_checkpoint_does_not_know_of_is_not_repeated(own: Settings, spark: SparkSession) -> None:
    sent = SentEvents(own)
    for _ in range(2):
        sent.round()
        _drain(own, spark)
    _forget_last_commit(own)
    before = _versions(own, STREAM.bronze)

    counts = _drain(own, spark)

    assert counts == EVENTS + 1
    assert _versions(own, STREAM.bronze) == before
    _assert_all_arrived_once(sent, own, spark)


def _drain(own: Settings, spark: SparkSession) -> int:
    return open_stream(spark, own).drain().read


def _assert_all_arrived_once(sent: SentEvents, own: Settings, spark: SparkSession) -> None:
    def read(table: Table) -> list[dict[str, object]]:
        path = DeltaLake.of(spark, own).path(table)
        return [row.asDict() for row in spark.read.format("delta").load(path).collect()]

    bronze = read(STREAM.bronze)
    assert len(bronze) == sent.records
    assert len({(row["partition"], row["offset"]) for row in bronze}) == sent.records
    assert len(read(STREAM.quarantine)) == sent.refused
    for table in (STREAM.silver, STREAM.features):
        rows = {row["unique_id"]: (row["event_id"], row["follower_count"]) for row in read(table)}
        assert rows == sent.newest, table.full_name
    assert served(own) == sent.newest


def _serves(own: Settings, sent: SentEvents) -> bool:
    return served(own) == sent.newest


def _holds_or_ended(condition: Callable[[], bool], command: subprocess.Popen[bytes]) -> bool:
    return condition() or command.poll() is not None


def _versions(own: Settings, table: Table) -> int:
    """Return the newest version of a table, from the names in its log; -1 if there is none."""
    prefix = f"warehouse/{table.layer}/{table.name}/_delta_log/"
    listing = s3_client(own.s3).list_objects_v2(Bucket=own.s3.bucket, Prefix=prefix).get("Contents", [])
    names = [entry["Key"].removeprefix(prefix) for entry in listing]
    return max((int(name[:20]) for name in names if name[20:] == ".json"), default=-1)


def _forget_last_commit(own: Settings) -> None:
    """Bring the checkpoint into the state after a crash right after the writes of the last micro-batch."""
    client, prefix = s3_client(own.s3), "checkpoints/stream/commits/"
    listing = client.list_objects_v2(Bucket=own.s3.bucket, Prefix=prefix)["Contents"]
    numbers = [int(name) for entry in listing if (name := entry["Key"].removeprefix(prefix)).isdecimal()]
    client.delete_object(Bucket=own.s3.bucket, Key=f"{prefix}{max(numbers)}")
