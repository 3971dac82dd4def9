"""Upkeep while the stream writes: commits that conflict with compaction or new properties are retried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.delta.lake import DeltaLake
from lakehouse.observability.ledger import balance as closing
from lakehouse.observability.ledger import collect
from lakehouse.operations import maintenance
from lakehouse.pipelines.stream import open_stream
from lakehouse.serving.postgres import ServingDatabase
from tests import commands, events
from tests.relay import HoldsBackCommits, before_s3
from tests.served import served

PIN = "0190163d-8694-739b-aea5-{:012x}"


def test_a_stream_whose_files_are_joined_under_its_writes_writes_once(
    own: Settings, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MIN_EXCESS_FILES", 1)
    first: dict[str, str] = {}
    for pins in (range(10), range(10, 20)):
        first |= _send(own, pins)
        open_stream(spark, own).drain()
    newest = _send(own, range(5, 15))
    # A repeat: silver reads the file that has its event, while it is joined with the others.
    repeated = events.pin(PIN.format(0), 0)
    events.send(own.kafka, [repeated], topics=[own.kafka.stream_topic], ids=[first[PIN.format(0)]])
    commit_watcher, log = HoldsBackCommits((STREAM.bronze, 3), (STREAM.silver, 3)), tmp_path / "log"

    with before_s3(own, commit_watcher) as relay_settings:
        stream = commands.start("stream", "--once", "--json", settings=relay_settings, log=log)
        with commands.ended(stream):
            assert commit_watcher.reached.wait(commands.GIVE_UP_AFTER_SECONDS), log.read_text()
            joined = _maintain(own, spark)
            commit_watcher.may_go.set()
            out, _ = stream.communicate(timeout=commands.GIVE_UP_AFTER_SECONDS)

    assert stream.returncode == 0, log.read_text()
    assert json.loads(out)["read"] == len(newest) + 1
    outrun = {line["table"] for line in commands.logged(log) if line["event"] == "another writer was first"}
    assert outrun == set(joined) == {"bronze.pins_stream", "silver.pins_stream"}
    assert min(joined.values()) > 1
    assert "\tat " not in log.read_text()
    _assert_all_is_there_once(own, spark, newest)


def _send(own: Settings, pins: range) -> dict[str, str]:
    """Send one event per pin; return the event ids by pin."""
    messages = [events.pin(PIN.format(number), number) for number in pins]
    ids = events.send(own.kafka, messages, topics=[own.kafka.stream_topic])
    return {str(pin["unique_id"]): event_id for pin, event_id in zip(messages, ids, strict=True)}


def _maintain(own: Settings, spark: SparkSession) -> dict[str, int]:
    """Maintain two tables, one as an older version created it; return the number of joined files of each."""
    lake = DeltaLake.of(spark, own)
    older = f"ALTER TABLE delta.`{lake.path(STREAM.bronze)}`"
    spark.sql(f"{older} UNSET TBLPROPERTIES ('delta.logRetentionDuration')")
    results = [maintenance.maintain(lake, table) for table in (STREAM.bronze, STREAM.silver)]
    # The change feed's folder has no age on S3; upkeep must not take it for a file.
    assert {result.removed for result in results if result} == {0}
    return {result.table: result.joined for result in results if result}


def _assert_all_is_there_once(own: Settings, spark: SparkSession, newest: dict[str, str]) -> None:
    lake = DeltaLake.of(spark, own)
    assert lake.read(STREAM.bronze).count() == 31
    for table in (STREAM.silver, STREAM.features):
        rows = lake.read(table).orderBy("event_id").collect()
        assert len({(row.unique_id, row.event_id) for row in rows}) == len(rows) == 30
        assert {row.unique_id: row.event_id for row in rows}.items() >= newest.items()
    assert {pin: event_id for pin, (event_id, _) in served(own).items()}.items() >= newest.items()
    sums = closing.check_balance(lake, collect.collect(lake, ServingDatabase(own.postgres)))
    assert [total for total in sums if total.lane == STREAM.name and not total.balanced] == []
