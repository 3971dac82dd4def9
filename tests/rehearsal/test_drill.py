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

    done = subprocess.run(
        [sys.executable, "-m", "drill", *command],
        cwd=commands.ROOT,
        env=commands.inherited(),
        capture_output=True,
        text=True,
        timeout=SLOW,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["proof"] == {"lost": 0, "doubled": 0, "stale": 0, "unbalanced": [], "differing": 0}
    killed = [fault["name"] for fault in outcome["faults"]]
    assert len(killed) >= 5
    assert len(set(killed)) == len(killed)
    assert outcome["accepted"] > 25 * 50 / 2
