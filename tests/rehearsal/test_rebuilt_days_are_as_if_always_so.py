"""Past days rebuilt with today's rules: the same as in a lane that always had them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY, Table
from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.quarantine import Quarantine, ReplayResult, corrected_fields
from lakehouse.operations.rebuild import run
from lakehouse.operations.rebuild.date_range import DateRange
from lakehouse.operations.rebuild.run import RebuildRequest, RebuildSummary
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.publish import AuditFailedError, published_version
from lakehouse.query import spark_engine as query
from lakehouse.silver.text import TextPolicy
from tests import rebuilds
from tests.checkpoints import forget_last_commit
from tests.landing_objects import land
from tests.suites import allow_followers

FIRST, SECOND, THIRD = (date(2026, 1, day) for day in (10, 11, 12))
DAYS = DateRange(FIRST, SECOND)
TODAY = RebuildRequest(DAYS, "ascii", examples=1)
YESTERDAYS, TODAYS = (5, 1000), (0, 100)
BACK, GONE, NEW, NEWER, OLDER, OUTSIDE, CORRECTED, DROPPED, KEPT = (
    f"0190163d-8694-739b-aea5-966c26f8ad9{number}" for number in range(9)
)
# Pin, followers and day of each event, with the result for the pin.
SENT = [
    (BACK, 10, FIRST),
    (BACK, 500, SECOND),  # refused today: the older event returns
    (GONE, 500, SECOND),  # refused today, with no other event
    (NEW, 3, SECOND),  # refused yesterday
    (NEWER, 10, FIRST),
    (NEWER, 3, SECOND),  # refused yesterday: now the newest event
    (OLDER, 20, SECOND),
    (OLDER, 500, THIRD),  # of another day, but of a rebuilt pin
    (OUTSIDE, 500, THIRD),  # of another day: unchanged
    (CORRECTED, 5000, SECOND),  # corrected and replayed yesterday
    (DROPPED, 4, SECOND),  # refused yesterday and dropped: it does not return, although it would pass
    (KEPT, 70, FIRST),
    ("no uuid", 1, SECOND),
]
MANY = [f"0190163d-8694-739b-aea5-{number:012x}" for number in range(20)]


@pytest.fixture(scope="module")
def lane(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DeltaLake:
    """A lane promoted under yesterday's rules, with one refused record corrected and one dropped."""
    folder = tmp_path_factory.mktemp("lane")
    lake = DeltaLake(spark, f"file:{folder}")
    with pytest.MonkeyPatch.context() as monkeypatch:
        allow_followers(monkeypatch, folder / "suites", between=YESTERDAYS)
        _land(lake, SENT + [(pin, 50, THIRD) for pin in MANY], first=0)
        batch_lane.run_all(lake, text_policy="unicode")
        _correct(lake, text_policy="unicode")
    quarantine = Quarantine(lake, BATCH)
    assert quarantine.drop(f"unique_id = '{DROPPED}'", note="nobody's") == 1
    return lake


def test_rules_that_refuse_too_much_change_nothing_for_readers_and_can_be_taken_back(
    lane: DeltaLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {table: published_version(lane, table) for table in (BATCH.silver, BATCH.features)}
    before = _followers(lane)
    allow_followers(monkeypatch, tmp_path / "suites", between=(0, 1))
    for _ in range(2):
        with pytest.raises(AuditFailedError, match=r"quarantined_share\.bearable"):
            _publish(lane, text_policy="unicode")
        assert {table: published_version(lane, table) for table in versions} == versions
    statement = "SELECT unique_id, follower_count FROM silver.pins_batch"
    rows = query.run(lane, statement).collect()
    assert {row.unique_id: row.follower_count for row in rows if row.unique_id not in MANY} == before

    allow_followers(monkeypatch, tmp_path / "suites", between=YESTERDAYS)
    _publish(lane, text_policy="unicode")

    assert _followers(lane) == before
    newest = lane.version(BATCH.silver)
    assert published_version(lane, BATCH.silver) == newest


@pytest.mark.timeout(600)
def test_days_rebuilt_are_those_of_a_lane_that_never_knew_other_rules(
    lane: DeltaLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_followers(monkeypatch, tmp_path / "suites", between=TODAYS)
    # Events that silver has not read yet, and an interrupted micro-batch.
    _land(lane, [(KEPT, 71, SECOND), (KEPT, 501, SECOND)], first=100)
    batch_lane.run_bronze(lane)
    forget_last_commit(lane, BATCH.silver)
    before = lane.version(BATCH.silver)

    summary = run.preview(lane, TODAY)

    silver, features, daily = summary.tables
    assert (silver.added, silver.changed, silver.removed) == (1, 5, 1)
    assert silver.columns["follower_count"] == 4
    assert silver.columns["title"] == 5
    assert (features.added, features.changed, features.removed) == (1, 4, 1)
    assert daily.rows > 0
    assert len(silver.examples) == 1
    assert (summary.refused, summary.released) == (4, 2)
    assert lane.version(BATCH.silver) == before

    # Interrupted after each step in turn, each time from the state that the run before left.
    for steps in range(1, 6):
        rebuilds.cut_off(lane, RebuildRequest(DAYS, "ascii"), after=steps)
    _publish(lane)

    fresh = DeltaLake(lane.spark, f"file:{tmp_path}/fresh")
    shutil.copytree(_local(lane.locations.landing), _local(fresh.locations.landing))
    batch_lane.run_all(fresh, text_policy="ascii")
    _correct(fresh, text_policy="ascii")
    ours = F.col("unique_id").isin([pin for pin, _, day in SENT if pin not in (OUTSIDE, DROPPED)])
    for table in (BATCH.silver, BATCH.features):
        assert _rows(lane, table, ours) == _rows(fresh, table, ours), table.full_name
    followers = _followers(lane)
    assert (followers[OUTSIDE], followers[KEPT]) == (500, 71)
    assert DROPPED not in followers
    of_days = F.col("day").isin(DAYS.list_days()) & (F.col("category") != DROPPED)
    assert _rows(lane, CATEGORY_DAILY, of_days) == _rows(fresh, CATEGORY_DAILY, of_days)
    outside = {number for number, (pin, _, _) in enumerate(SENT) if pin == OUTSIDE}
    assert _refused(lane) == _refused(fresh) - outside
    for table in (BATCH.silver, BATCH.features):
        newest = lane.version(table)
        assert published_version(lane, table) == newest

    versions = [lane.version(table) for table in (*BATCH.tables, CATEGORY_DAILY)]
    assert _publish(lane).is_empty
    assert versions == [lane.version(table) for table in (*BATCH.tables, CATEGORY_DAILY)]

    # Later events are promoted as usual.
    _land(lane, [(BACK, 7, THIRD), (NEW, 500, THIRD), (KEPT, 72, THIRD)], first=200)
    batch_lane.run_all(lane, text_policy="ascii")
    expected = {BACK: 7, NEW: 3, NEWER: 3, OLDER: 20, OUTSIDE: 500, CORRECTED: 50, KEPT: 72}
    assert _followers(lane) == expected
    _assert_refused_once(lane)


def _publish(lake: DeltaLake, *, text_policy: TextPolicy = "ascii") -> RebuildSummary:
    summaries: list[RebuildSummary] = []
    run.publish(lake, RebuildRequest(DAYS, text_policy), report=summaries.append)
    return summaries[0]


def _correct(lake: DeltaLake, *, text_policy: TextPolicy) -> None:
    quarantine = Quarantine(lake, BATCH)
    which = f"unique_id = '{CORRECTED}'"
    assert quarantine.fix(which, corrected_fields({"follower_count": "'50'"}), note=None) == 1
    assert quarantine.replay(which, text_policy=text_policy, serving=None, note="again") == ReplayResult(1, 1)
    batch_lane.run_gold(lake)


def _land(lake: DeltaLake, rows: Sequence[tuple[str, int, date]], *, first: int) -> None:
    pins = [
        {"unique_id": pin, "category": pin, "follower_count": str(count), "downloaded": 1, "title": "Caf"}
        for pin, count, _ in rows
    ]
    ids = [_event_id(day, first + number) for number, (_, _, day) in enumerate(rows)]
    land(lake, pins, first=first, event_ids=ids)


def _event_id(day: date, number: int) -> str:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    digits = f"{int(moment.timestamp() * 1000) + number:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"


def _rows(lake: DeltaLake, table: Table, where: Column) -> list[dict[str, object]]:
    rows = lake.read(table).where(where)
    return [row.asDict() for row in rows.drop("updated_at").orderBy(*table.key).collect()]


def _followers(lake: DeltaLake) -> dict[str, int]:
    rows = lake.read(BATCH.silver).collect()
    of_features = lake.read(BATCH.features).collect()
    followers = {row.unique_id: row.follower_count for row in rows}
    assert followers == {row.unique_id: row.follower_count for row in of_features}
    return {pin: count for pin, count in followers.items() if pin not in MANY}


def _refused(lake: DeltaLake) -> set[int]:
    """Return the offsets of the records that are refused and not dropped."""
    rows = lake.read(BATCH.quarantine).where("state = 'open'")
    return {row.offset for row in rows.collect()}


def _assert_refused_once(lake: DeltaLake) -> None:
    rows = lake.read(BATCH.quarantine)
    assert rows.count() == rows.select("id").distinct().count()


def _local(url: str) -> Path:
    return Path(url.removeprefix("file:"))
