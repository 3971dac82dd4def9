"""Both lanes run step by step, from the consumer to Postgres."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from foundation.settings import Settings
from lakehouse.delta.lake import DeltaLake
from lakehouse.pipelines import batch
from pinlake.app import lanes


def test_each_step_runs_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    stream = SimpleNamespace(drain=lambda: log.append("stream"))
    monkeypatch.setattr(DeltaLake, "of", lambda spark, settings: None)
    monkeypatch.setattr(lanes, "consume", lambda settings: log.append("consume"))
    monkeypatch.setattr(batch, "run_bronze", lambda lake: log.append("bronze"))
    monkeypatch.setattr(batch, "run_silver", lambda lake, *, text_policy: log.append(f"silver {text_policy}"))
    monkeypatch.setattr(batch, "run_gold", lambda lake: log.append("gold"))
    monkeypatch.setattr(lanes, "open_stream", lambda spark, settings, *, command: stream)

    spark: Any = None
    lanes.run_lanes(spark, Settings(_env_file=None))

    assert log == ["consume", "bronze", "silver unicode", "gold", "stream"]
