"""The audit of the stream lane."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from lakehouse.delta.lake import DeltaLake
from lakehouse.quality.results import GateStats
from lakehouse.quality.stream_audit import StreamAuditor
from lakehouse.quality.stream_audit_status import KEY, StreamAuditStatus


def test_an_audit_before_the_first_micro_batch_finds_nothing_wrong(lake: DeltaLake) -> None:
    StreamAuditor(lake, gates=GateStats(), seconds=60).audit_once()

    status = StreamAuditStatus.from_json((Path(urlsplit(lake.root).path) / KEY).read_text())
    assert (status.error, status.failed, status.tables) == (None, False, {})
