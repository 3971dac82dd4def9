"""A micro-batch that the stream lane repeats after a crash: every table has every event once."""

from __future__ import annotations

from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.pipelines.stream import open_stream
from tests.sent_events import EVENTS, SentEvents, assert_all_arrived_once


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
    assert_all_arrived_once(sent, own, spark)


def _drain(own: Settings, spark: SparkSession) -> int:
    return open_stream(spark, own).drain().read


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
