"""How the stream lane is, as another process reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pinlake import health
from pinlake.errors import TransientError
from pinlake.health import Health


def test_a_lane_that_waits_says_since_when_and_for_what(tmp_path: Path) -> None:
    assert health.read(tmp_path) is None
    lane = Health(tmp_path / "home")
    with lane:
        assert _state(tmp_path) == ("running", None, True)
        lane.waits("Postgres does not answer")
        first = health.read(tmp_path / "home")
        lane.waits("Postgres does not answer")
        assert health.read(tmp_path / "home") == first
        assert _state(tmp_path) == ("waiting", "Postgres does not answer", False)
        lane.writes()
        assert _state(tmp_path) == ("running", None, True)
    assert _state(tmp_path) == ("ended", None, True)


def test_a_lane_that_failed_says_why(tmp_path: Path) -> None:
    with pytest.raises(TransientError), Health(tmp_path / "home"):
        raise TransientError("Kafka is away", where="there", mend="start it")

    state, reason, is_well = _state(tmp_path)
    assert (state, is_well) == ("ended", False)
    assert reason is not None
    assert "Kafka is away" in reason


def test_a_lane_whose_process_is_gone_has_died(tmp_path: Path) -> None:
    with Health(tmp_path / "home"):
        pass
    file = tmp_path / "home" / "stream.json"
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    file.write_text(json.dumps({**json.loads(file.read_text()), "state": "running", "pid": process.pid}))

    assert _state(tmp_path) == ("died", None, False)


def _state(folder: Path) -> tuple[str, str | None, bool]:
    found = health.read(folder / "home")
    assert found is not None
    return found.state, found.reason, found.is_well
