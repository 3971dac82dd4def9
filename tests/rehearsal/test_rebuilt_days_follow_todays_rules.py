"""A rebuild by today's rules, interrupted and completed: it drops pins that fail and adds those that pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakehouse.catalog.tables import BATCH
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild import run
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.publish import published_version
from tests import events, rebuilds
from tests.landing_objects import land
from tests.suites import allow_followers

MANY = [f"0190163d-8694-739b-aea5-{number:012x}" for number in range(20)]
GOES, COMES = (f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(2))


def test_days_are_rebuilt_by_todays_rules(
    lake: DeltaLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_followers(monkeypatch, tmp_path / "suites", between=(5, 1000))
    pins = [*(events.pin(pin, 50) for pin in MANY), events.pin(GOES, 500), events.pin(COMES, 3)]
    land(lake, pins, first=0)
    batch_lane.run_all(lake, text_policy="unicode")
    assert _pins(lake) == {*MANY, GOES}
    today = datetime.now(UTC).date()
    request = RebuildRequest(DateRange(today - timedelta(days=1), today), "unicode")

    allow_followers(monkeypatch, tmp_path / "suites", between=(0, 100))
    rebuilds.cut_off(lake, request, after=2)
    summaries: list[RebuildSummary] = []
    run.publish(lake, request, report=summaries.append)

    assert summaries[0].judged == len(MANY) + 2
    assert _pins(lake) == {*MANY, COMES}
    (refused,) = lake.read(BATCH.quarantine).where("state = 'open'").collect()
    assert refused.offset == len(MANY)


def _pins(lake: DeltaLake) -> set[str]:
    """Return the pins that readers of silver see, which must equal those of gold."""
    pins = []
    for table in (BATCH.silver, BATCH.features):
        version = published_version(lake, table)
        rows = lake.read(table, version=version).select("unique_id")
        pins.append({row.unique_id for row in rows.collect()})
    assert pins[0] == pins[1]
    return pins[0]
