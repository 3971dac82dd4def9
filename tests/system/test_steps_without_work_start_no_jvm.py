"""Steps without new data: each finds that out without a JVM, changes nothing, and misses nothing later."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from foundation.clients import s3_client
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.pipelines import stream_status
from tests import commands, events, warm_commands
from tests.served import served

PINS = [f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(4)]
STEPS = (["bronze", "--json"], ["silver", "--json"], ["gold", "--json"], ["stream", "--once", "--json"])
NOTHING = {"batches": 0, "read": 0, "written": 0, "quarantined": 0, "seconds": 0.0}
# What a step writes even if it has nothing to do: its lock, and that the stream lane has run.
NOT_COMPARED = ("_leases/", "state/")


def test_a_step_without_work_starts_no_jvm_and_changes_nothing(own: Settings) -> None:
    oldest, *_ = events.send(own.kafka, [*(events.pin(pin, 10) for pin in PINS), b"no pin"])
    assert _run_lanes(own) == [5, 5, 4, 5]
    before = _objects(own)

    for step in STEPS:
        assert _run_cold(step, own) == ({"step": step[0], **NOTHING}, [])

    assert _objects(own) == before
    status = stream_status.read(ObjectStore.open(own.s3))
    assert status is not None
    assert (status.state, status.is_well) == ("ended", True)

    # After steps that were skipped, the next event still reaches every table.
    (newest,) = events.send(own.kafka, [events.pin(PINS[1], 30)])
    assert _run_lanes(own) == [1, 1, 1, 1]
    assert served(own)[PINS[0]] == (oldest, 10)
    assert served(own)[PINS[1]] == (newest, 30)


def _run_lanes(own: Settings) -> list[int]:
    """Run both lanes once; return how many rows each step has read."""
    landed, *steps = warm_commands.in_turn(["consume"], *STEPS, settings=own)
    for command in (landed, *steps):
        assert command.code == 0, command.errors
    return [step.rows[0]["read"] for step in steps]


def _run_cold(step: Sequence[str], own: Settings) -> tuple[dict[str, Any], list[str]]:
    """Run a step in a new process; return what it printed, and what it imported of Spark."""
    code = (
        "import json, sys; from pinlake.cli.main import app\n"
        f"app({list(step)}, standalone_mode=False)\n"
        "names = ('pyspark', 'delta', 'py4j', 'great_expectations', 'pyarrow', 'pandas')\n"
        "print(json.dumps([name for name in names if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=commands.environment(own), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed, imported = map(json.loads, done.stdout.splitlines())
    return printed, imported


def _objects(own: Settings) -> dict[str, str]:
    """Return the objects of the bucket with their times, without those that a step may write."""
    pages = s3_client(own.s3).get_paginator("list_objects_v2").paginate(Bucket=own.s3.bucket)
    return {
        entry["Key"]: f"{entry['ETag']} {entry['LastModified']}"
        for page in pages
        for entry in page.get("Contents", [])
        if not entry["Key"].startswith(NOT_COMPARED)
    }
