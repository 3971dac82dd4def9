"""Both lanes on a Spark cluster whose workers share only the network with the commands.

Master and workers are separate processes. Where the system allows it, the folders of the commands are hidden
from them: local stack, jars, this checkout's Spark code.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Producer
from deltalake import DeltaTable, QueryBuilder
from pydantic import SecretStr

from foundation.event import EVENT_ID_HEADER, new_event_id
from foundation.java import jars
from foundation.settings import Settings
from ingestion.landing.run import consume
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import BATCH, STREAM, Table
from tests import cluster, commands
from tests.served import served

ROOT = Path(__file__).parents[2]
PIN = "0190163d-8694-739b-aea5-{:012x}"
EVENTS = 60
PINS = 40
WORKERS = 2


@pytest.fixture
def on_cluster(own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of this test with a Spark cluster in the test's folder."""
    # The options that conftest.py sets for drivers, for the executors.
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", os.environ["SPARK_SUBMIT_OPTS"])
    hidden = [own.home, jars.folder(own), ROOT / "lakehouse"]
    folder = tmp_path / "cluster"
    folder.mkdir()
    with cluster.running(folder, workers=WORKERS, hidden=hidden) as master:
        spark = {"master": master, "executor_memory": "640m", "max_cores": WORKERS, "shuffle_partitions": 2}
        yield own.model_copy(update={"spark": own.spark.model_copy(update=spark)})


def test_every_event_gets_through_both_lanes(on_cluster: Settings, tmp_path: Path) -> None:
    newest = _produce(on_cluster)
    consume(on_cluster)

    counts = _run_both_lanes(on_cluster, tmp_path / "driver.log")

    assert {step: (count["read"], count["quarantined"]) for step, count in counts.items()} == {
        "bronze": (EVENTS + 1, 0),
        "silver": (EVENTS + 1, 1),
        "gold": (PINS, 0),
        "stream": (EVENTS + 1, 1),
    }
    for lane in (BATCH, STREAM):
        for table in (lane.silver, lane.features):
            rows = _read(on_cluster, table, "unique_id, event_id, follower_count")
            assert {row[0]: row[1:] for row in rows} == newest, table.full_name
        assert len(_read(on_cluster, lane.quarantine, "offset")) == 1
    assert served(on_cluster) == newest
    _assert_workers_took_part_and_kept_no_secret(on_cluster, tmp_path / "cluster")


def _assert_workers_took_part_and_kept_no_secret(settings: Settings, folder: Path) -> None:
    """Check the logs of the executors, which start with the executor's command, and all files for secrets."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for number in range(WORKERS):
        logs = [path for path in files if path.match(f"worker-{number}/app-*/*/stderr")]
        assert logs
        assert all(b"Executor Command" in files[path] for path in logs)
    for secret in (settings.s3.secret_key, settings.postgres.password):
        assert isinstance(secret, SecretStr)
        plain = secret.get_secret_value().encode()
        assert [path for path, content in files.items() if plain in content] == []


def _produce(settings: Settings) -> dict[str, tuple[str, int]]:
    """Write the same events and an invalid record to both topics; return the newest event of each pin."""
    kafka = settings.kafka
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "acks": "all"})
    newest = {}
    for number in range(EVENTS):
        unique_id, event_id = PIN.format(number % PINS), new_event_id()
        pin = {"unique_id": unique_id, "category": "art", "follower_count": str(number)}
        newest[unique_id] = (event_id, number)
        for topic in (kafka.batch_topic, kafka.stream_topic):
            producer.produce(topic, orjson.dumps(pin), headers=[(EVENT_ID_HEADER, event_id.encode())])
    for topic in (kafka.batch_topic, kafka.stream_topic):
        producer.produce(topic, b"\xff no pin")
    assert producer.flush(30) == 0
    return newest


def _run_both_lanes(settings: Settings, log: Path) -> dict[str, dict[str, Any]]:
    with log.open("ab") as errors:
        completed = subprocess.run(
            [sys.executable, "-m", "tests.both_lanes"],
            cwd=ROOT,
            env=commands.environment(settings),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    assert completed.returncode == 0, log.read_text()
    counts: dict[str, dict[str, Any]] = orjson.loads(completed.stdout)
    return counts


def _read(settings: Settings, table: Table, columns: str) -> list[tuple[Any, ...]]:
    s3 = settings.s3
    assert s3.endpoint and s3.access_key and s3.secret_key
    options = {
        "aws_endpoint": s3.endpoint,
        "aws_allow_http": "true",
        "aws_region": s3.region,
        "aws_access_key_id": s3.access_key,
        "aws_secret_access_key": s3.secret_key.get_secret_value(),
    }
    delta_table = DeltaTable(Locations(f"s3://{s3.bucket}").table(table), storage_options=options)
    rows = QueryBuilder().register("t", delta_table).execute(f"SELECT {columns} FROM t").read_all()
    return list(zip(*(rows[column].to_pylist() for column in rows.column_names), strict=True))
