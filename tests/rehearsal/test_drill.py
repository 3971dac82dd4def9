"""A short drill: processes killed at random moments under load, and nothing lost, doubled or stale."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests import commands

SLOW = 540.0


@pytest.mark.timeout(600)
def test_a_short_drill_ends_well() -> None:
    command = ["--seconds", "25", "--faults", "7", "--rate", "50", "--seed", "3", "--json"]

    completed = subprocess.run(
        [sys.executable, "-m", "drill", *command],
        cwd=commands.ROOT,
        env=commands.inherited(),
        capture_output=True,
        text=True,
        timeout=SLOW,
    )

    assert completed.returncode == 0, completed.stdout + completed.stderr
    outcome = json.loads(completed.stdout)
    assert outcome["proof"] == {"lost": 0, "doubled": 0, "stale": 0, "unbalanced": [], "differing": 0}
    names = [fault["name"] for fault in outcome["faults"]]
    assert len(names) >= 5
    assert len(set(names)) == len(names)
    assert outcome["accepted"] > 25 * 50 / 2
