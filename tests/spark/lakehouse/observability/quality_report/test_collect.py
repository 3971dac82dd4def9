"""The report's values are read from small tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakehouse.catalog.schemas import FEATURES, QUARANTINE, RESULTS
from lakehouse.catalog.tables import BATCH, QUALITY_RESULTS
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.micro_batch import MicroBatch
from lakehouse.observability.quality_report.collect import collect_report
from lakehouse.observability.quality_report.model import RuleText

NOW = datetime(2026, 1, 31, 7, 30, tzinfo=UTC)


def _result(days_ago: int, rule: str, *, success: bool, suite: str = "new") -> tuple[object, ...]:
    at = NOW - timedelta(days=days_ago)
    unexpected = 0 if success else 3
    judged = ("critical", "row", 100, unexpected, None, success, 0.1, suite, at)
    return ("run", "batch", "silver", "silver.pins_batch", None, rule, *judged)


def test_an_empty_lakehouse_gives_an_empty_report(new_lake: DeltaLake) -> None:
    report = collect_report(new_lake, rule_texts={}, now=NOW)

    assert (report.verdicts, report.reasons, report.volumes) == ((), (), ())


def test_verdicts_reasons_and_volumes_are_read(new_lake: DeltaLake) -> None:
    batch = MicroBatch("query", 0)
    for table in (QUALITY_RESULTS, BATCH.quarantine, BATCH.features):
        new_lake.ensure(table)
    results = [
        _result(9, "count", success=False),
        _result(5, "count", success=True),
        _result(3, "count", success=False),
        _result(1, "count", success=False),
        _result(1, "id", success=True),
        _result(4, "gone", success=False, suite="old"),
    ]
    new_lake.append(new_lake.spark.createDataFrame(results, RESULTS), QUALITY_RESULTS, batch)
    broken = [("count", "critical", "A sentence", "9"), ("title", "warning", "Another", "x")]
    states = ("open", "open", "open", "open", "replayed")
    reasons = [["count"], ["count", "title"], ["count"], ["title", "count"], ["count"]]
    record = (broken, b"{\xff}", "event", "topic", 0)
    refused = [
        (str(n), "silver", reasons[n], *record, n, NOW, "new", NOW, state, None, None, NOW)
        for n, state in enumerate(states)
    ]
    new_lake.append(new_lake.spark.createDataFrame(refused, QUARANTINE), BATCH.quarantine, batch)
    features = [("pin", "art", 5, 1, "event", NOW - timedelta(days=age)) for age in (0, 0, 2, 90, -30)]
    new_lake.append(new_lake.spark.createDataFrame(features, FEATURES), BATCH.features, batch)

    report = collect_report(new_lake, rule_texts={"count": RuleText("Few", "share")}, now=NOW)

    count, present = report.verdicts
    assert (count.rule, count.sentence, count.success, count.unexpected) == ("count", "Few", False, 3)
    assert (count.failing_since, count.last_success) == (NOW - timedelta(days=3), NOW - timedelta(days=5))
    assert [(point.runs, point.failures) for point in count.trend] == [(1, 1), (1, 0), (1, 1), (1, 1)]
    assert (present.rule, present.success, present.failing_since) == ("id", True, None)
    assert (count.lane, count.unit, present.unit) == ("batch", "share", "")
    reason, other = report.reasons
    assert (reason.sentence, reason.open, reason.replayed, reason.dropped) == ("A sentence", 4, 1, 0)
    assert (other.rule, other.open) == ("title", 2)
    # Two records have both reasons: each counts as one open record.
    assert (reason.first, other.first) == (3, 1)
    assert [(example.id, example.observed) for example in reason.examples] == [
        ("0", "9"),
        ("1", "9"),
        ("2", "9"),
    ]
    assert reason.examples[0].value == r"{\xff}"
    (volume,) = report.volumes
    assert (volume.table, volume.rows, volume.newest) == ("gold.pin_features_batch", 5, NOW)
    assert volume.version is None
    assert [day.rows for day in volume.days[-3:]] == [1, 0, 2]
