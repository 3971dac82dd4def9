"""The audit beside the stream."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.results import GateStats
from lakehouse.quality.stream_audit import StreamAuditor
from lakehouse.quality.stream_audit_status import KEY, StreamAuditStatus


def test_before_the_first_micro_batch_there_is_nothing_wrong(lake: DeltaLake) -> None:
    StreamAuditor(lake, gates=GateStats(), seconds=60).audit_once()

    verdict = StreamAuditStatus.from_json((Path(urlsplit(lake.root).path) / KEY).read_text())
    assert (verdict.error, verdict.failed, verdict.tables) == (None, False, {})
