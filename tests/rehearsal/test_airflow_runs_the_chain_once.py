"""`airflow dags test`: the daily chain from Kafka to gold, with the real commands, on the real stack."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from orchestration.configuration import DAGS
from tests import commands, events

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
SLOW = 500.0


@pytest.mark.timeout(600)
def test_the_chain_brings_what_was_sent_to_gold(own: Settings, spark: SparkSession, tmp_path: Path) -> None:
    events.send(own.kafka, [events.pin(pin, 10) for pin in PINS], topics=[own.kafka.batch_topic])
    environment = _environment(own, home=tmp_path)
    _airflow("db", "migrate", environment=environment)

    _airflow("dags", "test", "pins_daily", "2026-01-30", environment=environment)

    lake = DeltaLake.of(spark, own)
    for table in (BATCH.bronze, BATCH.silver, BATCH.features):
        assert lake.read(table).count() == len(PINS), table.full_name


def _airflow(*arguments: str, environment: dict[str, str]) -> None:
    program = str(Path(sys.executable).with_name("airflow"))
    completed = subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=SLOW
    )
    assert completed.returncode == 0, completed.stdout[-3000:] + completed.stderr[-3000:]


def _environment(settings: Settings, *, home: Path) -> dict[str, str]:
    variables = commands.environment(settings)
    return {
        **variables,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), variables["PATH"]]),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PINLAKE_AIRFLOW_RETRY_SECONDS": "1",
        "PINLAKE_SPARK_SHUFFLE_PARTITIONS": "1",
    }
