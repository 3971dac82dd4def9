"""`pinlake status` while a stream runs, and after it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from foundation.settings import Settings
from lakehouse.serving.postgres import ServingDatabase
from pinlake.app import status
from tests import commands, events
from tests.status_command import run_status

PIN = "0190163d-8694-739b-aea5-{:012x}"
SLOW = 240.0


@pytest.fixture
def elsewhere(own: Settings, tmp_path: Path) -> Settings:
    """Settings of the stack's servers, topics, bucket and database, for a user who did not start them."""
    ServingDatabase(own.postgres).ensure()
    return own.model_copy(update={"home": tmp_path / "empty"})


@pytest.mark.timeout(600)
def test_a_stream_that_is_killed_has_died_for_everybody(
    own: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    _send(own, 3)
    assert run_status(elsewhere, tmp_path, "--stream") == (1, {"stream": None})
    log = tmp_path / "stream.log"
    with commands.start("stream", settings=own, log=log) as stream:
        try:
            commands.until(lambda: stream.poll() is not None or _has_written(elsewhere), seconds=SLOW)
            assert stream.poll() is None, log.read_text()
            code, report = run_status(elsewhere, tmp_path)
            assert (code, report["stream"]["state"], _lag(report, "stream")) == (0, "running", 0)
            _assert_another_is_refused_and_leaves_no_trace(own, elsewhere, tmp_path, pid=stream.pid)
        finally:
            stream.kill()

    code, report = run_status(elsewhere, tmp_path, "--stream")

    assert (code, report["stream"]["state"], report["stream"]["pid"]) == (1, "died", stream.pid)
    assert "its process is gone" in report["stream"]["reason"]
    assert run_status(elsewhere, tmp_path)[0] == 1


def _assert_another_is_refused_and_leaves_no_trace(
    own: Settings, elsewhere: Settings, folder: Path, *, pid: int
) -> None:
    with commands.start("stream", "--once", settings=own, log=folder / "second.log") as second:
        assert second.wait(60) == 1

    code, report = run_status(elsewhere, folder, "--stream")
    assert (code, report["stream"]["state"], report["stream"]["pid"]) == (0, "running", pid)


def _has_written(settings: Settings) -> bool:
    stream = status.gather(settings).stored.stream
    written = [query.wrote_at for query in stream.queries.values()] if stream else []
    return len(written) == 2 and None not in written


def _send(settings: Settings, count: int) -> None:
    events.send(settings.kafka, [events.pin(PIN.format(number), number) for number in range(count)])


def _lag(report: dict[str, Any], reader: str) -> int:
    return sum(row["lag"] for row in report["lag"] if row["reader"] == reader)
