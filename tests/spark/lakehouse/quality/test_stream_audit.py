"""The audit beside the stream."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.results import GateLog
from lakehouse.quality.stream_audit import Watch
from lakehouse.quality.stream_audit_status import KEY, Verdict


def test_before_the_first_micro_batch_there_is_nothing_wrong(lake: DeltaLake) -> None:
    Watch(lake, gates=GateLog(), seconds=60).look()

    verdict = Verdict.from_json((Path(urlsplit(lake.root).path) / KEY).read_text())
    assert (verdict.error, verdict.failed, verdict.tables) == (None, False, {})
