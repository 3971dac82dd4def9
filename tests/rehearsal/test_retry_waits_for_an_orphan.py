"""A retry of a task while the command of its killed worker still runs: it neither fails nor repeats work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
from pyspark.sql import SparkSession

from foundation.settings import Settings
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from tests import commands, events, stored, warm_commands
from tests.relay import HoldsBackCommits, SeesLeaseRead, before_s3

NAME = BATCH.silver.full_name
PIN = "0190163d-8694-739b-aea5-{:012x}"
# A worker that runs a task's command by bash in a separate session, as BashOperator does.
WORKER = """
import subprocess
import sys
subprocess.run(["bash", "-c", sys.argv[1]], start_new_session=True)
"""


def test_a_retry_waits_for_what_a_dead_worker_has_left_and_finds_nothing_to_do(
    own: Settings, tmp_path: Path, spark: SparkSession
) -> None:
    events.send(own.kafka, [events.pin(PIN.format(number), number) for number in range(5)])
    assert [result.code for result in warm_commands.in_turn(["consume"], ["bronze"], settings=own)] == [0, 0]
    commit_watcher, lease_watcher, log = (
        HoldsBackCommits((BATCH.silver, 1)),
        SeesLeaseRead(),
        tmp_path / "log",
    )
    with before_s3(own, commit_watcher) as worker_settings, before_s3(own, lease_watcher) as retry_settings:
        with _worker("pinlake silver --json", worker_settings, log=log) as worker:
            assert commit_watcher.reached.wait(commands.GIVE_UP_AFTER_SECONDS), log.read_text()
            worker.kill()
        orphan = psutil.Process(stored.lease(own, NAME)["owner"]["pid"])
        family = [orphan, *orphan.children(recursive=True)]
        assert "java" in [process.name() for process in family]

        retry = commands.start("silver", "--json", "--wait", "120", settings=retry_settings, log=log)
        with commands.ended(retry):
            assert lease_watcher.read.wait(commands.GIVE_UP_AFTER_SECONDS), log.read_text()
            assert retry.poll() is None
            commit_watcher.may_go.set()
            out, _ = retry.communicate(timeout=commands.GIVE_UP_AFTER_SECONDS)

    assert retry.returncode == 0, log.read_text()
    assert json.loads(out)["read"] == 0
    assert psutil.wait_procs(family, timeout=20)[1] == []
    silver = DeltaLake.of(spark, own).read(BATCH.silver)
    assert silver.count() == 5
    assert stored.keys(own, f"_leases/{NAME}/") == [f"_leases/{NAME}/{2:020}.json"]


def _worker(command: str, settings: Settings, *, log: Path) -> subprocess.Popen[bytes]:
    """Start a worker that runs a command, as Airflow does."""
    scripts = str(Path(sys.executable).parent)
    environment = commands.environment(settings)
    with log.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, command],
            stdout=errors,
            stderr=errors,
            env={**environment, "PATH": os.pathsep.join([scripts, environment["PATH"]])},
        )
