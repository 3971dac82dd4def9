"""Airflow, started by command, runs the batch lane; a task killed while it writes changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from foundation.event import EVENT_ID_HEADER, RECEIVED_AT_HEADER
from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines.stream import open_stream
from local_stack.addresses import free_ports
from tests import commands, stored

PIN = "0190163d-8694-739b-aea5-{:012x}"
EVENTS = 60
PINS = 40
SLOW = 400.0


@pytest.mark.timeout(900)
def test_a_run_whose_task_is_killed_while_it_writes_ends_as_if_it_had_not_been(
    own: Settings, spark: SparkSession
) -> None:
    _send(own)
    open_stream(spark, own).drain()
    with _airflow(own) as api:
        # The interval that ended at noon, which Airflow would run by itself without the pause.
        dag = api.get("/dags/pins_daily").raise_for_status().json()
        interval = ("logical_date", "data_interval_start", "data_interval_end")
        dates = {name: dag[f"next_dagrun_{name}"] for name in interval}
        run = api.post("/dags/pins_daily/dagRuns", json=dates).raise_for_status().json()
        api.patch("/dags/pins_daily", json={"is_paused": False}).raise_for_status()
        run_path = f"/dags/pins_daily/dagRuns/{run['dag_run_id']}"

        # Its rows are committed, but not yet its checkpoint.
        commands.until(
            lambda: stored.has_version(own, BATCH.bronze, 1) or _ended(api, run_path), seconds=SLOW
        )
        os.kill(stored.lease(own, BATCH.bronze.full_name)["owner"]["pid"], signal.SIGKILL)

        assert commands.until(lambda: _ended(api, run_path), seconds=SLOW) == "success", _tries(api, run_path)
        tries = {"consume": 1, "bronze": 2, "silver": 1, "gold": 1, "quality": 1, "reconcile": 1}
        assert _tries(api, run_path) == tries
        comparison = api.get(
            f"{run_path}/taskInstances/reconcile/xcomEntries/return_value"
        ).raise_for_status()
        assert comparison.json()["value"].startswith(f"{EVENTS} events from ")
        _kill_part(own)
        counts = _read_counts(api)
        assert counts["landing.pins"]["records"] == EVENTS
        assert counts[BATCH.silver.full_name]["read"] == EVENTS
        assert counts[BATCH.features.full_name]["written"] == PINS

        _backfill(own, dates["logical_date"])
        assert commands.until(lambda: _ended(api, run_path), seconds=SLOW) == "success", _tries(api, run_path)
        assert api.get(run_path).json()["run_type"] == "backfill"
        rebuilt = _read_counts(api)[BATCH.silver.full_name]
        assert (rebuilt["step"], rebuilt["published"], rebuilt["judged"]) == ("rebuild", True, EVENTS)
        assert api.get(f"{run_path}/taskInstances/reconcile").json()["state"] == "skipped"
    tables = (BATCH.bronze, BATCH.silver, BATCH.features)
    assert [_rows(spark, own, table) for table in tables] == [EVENTS, PINS, PINS]


@contextmanager
def _airflow(settings: Settings) -> Iterator[httpx.Client]:
    """Run Airflow with paused DAGs during the block, and yield a client of its REST API."""
    (port,) = free_ports(1)
    environment = {
        **commands.environment(settings),
        "PINLAKE_AIRFLOW_PORT": str(port),
        "PINLAKE_AIRFLOW_RETRY_SECONDS": "1",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "PINLAKE_SPARK_SHUFFLE_PARTITIONS": "1",
    }
    try:
        server = json.loads(_pinlake("airflow", "up", "--json", environment=environment))
        passwords = Path(server["passwords"])
        assert passwords.stat().st_mode & 0o777 == 0o600
        login = {"username": server["user"], "password": json.loads(passwords.read_text())[server["user"]]}
        token = (
            httpx.post(f"{server['url']}/auth/token", json=login).raise_for_status().json()["access_token"]
        )
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{server['url']}/api/v2", headers=headers, timeout=60) as api:
            commands.until(lambda: api.get("/dags/pins_daily").is_success)
            yield api
    finally:
        _pinlake("airflow", "down", environment=environment)
        assert not _processes(str(settings.home.resolve() / "airflow"))


def _pinlake(*arguments: str, environment: dict[str, str]) -> str:
    program = str(Path(sys.executable).with_name("pinlake"))
    completed = subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=SLOW
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def _backfill(settings: Settings, day: str) -> None:
    """Make Airflow run a past interval again."""
    program = str(Path(sys.executable).with_name("airflow"))
    environment = {**commands.environment(settings), "AIRFLOW_HOME": str(settings.home.resolve() / "airflow")}
    options = (
        "--dag-id",
        "pins_daily",
        "--from-date",
        day,
        "--to-date",
        day,
        "--reprocess-behavior",
        "completed",
    )
    subprocess.run([program, "backfill", "create", *options], env=environment, check=True, timeout=SLOW)


def _read_counts(api: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return the extra of the newest event of each table."""
    events = api.get("/assets/events", params={"order_by": "timestamp"}).raise_for_status().json()
    return {event["name"]: event["extra"] for event in events["asset_events"]}


def _kill_part(settings: Settings) -> None:
    """Kill the process that parses DAGs, and wait until Airflow restarts it."""
    (supervisor,) = _processes(str(settings.home.resolve() / "airflow"))
    (parser,) = [part for part in supervisor.children() if part.cmdline()[-1:] == ["dag-processor"]]
    parser.kill()
    log = settings.home / "logs" / "airflow.log"
    commands.until(lambda: "dag-processor ended with -9, restarting it" in log.read_text())


def _processes(argument: str) -> list[psutil.Process]:
    processes = psutil.process_iter(["cmdline"])
    return [process for process in processes if argument in (process.info["cmdline"] or [])]


def _send(settings: Settings) -> None:
    """Write the same events to both topics, as the API would an hour before noon; some pins twice."""
    now = datetime.now(UTC)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=now.hour < 12)
    producer = Producer({"bootstrap.servers": settings.kafka.bootstrap_servers, "acks": "all"})
    for number in range(EVENTS):
        moment = noon - timedelta(hours=1, milliseconds=-number)
        event_id = str(uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | number))
        headers: list[tuple[str, str | bytes | None]] = [
            (EVENT_ID_HEADER, event_id.encode()),
            (RECEIVED_AT_HEADER, moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()),
        ]
        unique_id = PIN.format(number % PINS)
        pin = orjson.dumps({"unique_id": unique_id, "category": "art", "follower_count": str(number)})
        for topic in (settings.kafka.batch_topic, settings.kafka.stream_topic):
            producer.produce(topic, pin, key=unique_id.encode(), headers=headers)
    assert producer.flush(30) == 0


def _ended(api: httpx.Client, run: str) -> str | None:
    state = str(api.get(run).raise_for_status().json()["state"])
    return state if state in ("success", "failed") else None


def _tries(api: httpx.Client, run: str) -> dict[str, int]:
    tasks: list[dict[str, Any]] = api.get(f"{run}/taskInstances").raise_for_status().json()["task_instances"]
    return {task["task_id"]: task["try_number"] for task in tasks}


def _rows(spark: SparkSession, settings: Settings, table: Table) -> int:
    return DeltaLake.of(spark, settings).read(table).count()
