"""`pinlake demo` as users run it: the expected records in every layer, and no server left running."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from foundation import settings as settings_module
from lakehouse.spark import session
from local_stack import kafka, process, stack
from tests import commands

ROOT = Path(__file__).parents[2]
PATIENCE = 900


@pytest.mark.timeout(PATIENCE)
def test_what_is_posted_is_in_every_layer_of_both_lanes(tmp_path: Path) -> None:
    pins = tmp_path / "pins.jsonl"
    shutil.copy(ROOT / "sample_data" / "pins.jsonl", pins)
    with pins.open("a") as file:
        file.write('{"unique_id": "not a uuid", "title": "the API refuses this one"}\n')
    home = tmp_path / "home"

    completed = subprocess.run(
        ["pinlake", "demo", "--pins", str(pins), "--json"],
        env={**commands.users_environment(home), "SPARK_SUBMIT_OPTS": session.QUICK_JVM_OPTIONS},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert completed.returncode == 0, completed.stderr
    summary = json.loads(completed.stdout)
    assert (summary["posted"], summary["accepted"], summary["rejected"]) == (1044, 1043, 1)
    assert summary["malformed"] == 20
    of_this_run = {name: rows["of_this_run"] for name, rows in summary["rows"].items()}
    assert of_this_run == {
        **dict.fromkeys(("bronze.pins_batch", "bronze.pins_stream"), 1063),
        **dict.fromkeys(("quarantine.pins_batch", "quarantine.pins_stream"), 20),
        **dict.fromkeys(("silver.pins_batch", "gold.pin_features_batch"), 893),
        # The stream lane keeps the 100 events that the updates have replaced, and each repeat once.
        **dict.fromkeys(("silver.pins_stream", "gold.pin_features_stream"), 993),
        **dict.fromkeys(("silver.pins_stream_latest", "gold.pin_features_stream_latest"), 893),
    }
    assert summary["postgres_rows"] == summary["category_daily_pins"] == 893
    assert summary["quarantined"]["batch"] == summary["quarantined"]["stream"]
    assert (summary["lanes_differ"], summary["disagreements"]) == (0, [])
    servers = stack.status(settings_module.load(home=home))
    assert [server.state for server in servers] == [stack.State.STOPPED] * len(servers)
    assert process.find(kafka.child(home)) is None
