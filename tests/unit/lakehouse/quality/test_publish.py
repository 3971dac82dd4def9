"""Publication: readers see a version only after its suite, and refused rows count until then."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from foundation.errors import TerminalError
from lakehouse.catalog.tables import BATCH, QUALITY_RESULTS
from lakehouse.delta.metrics import StepMetrics
from lakehouse.quality.gate import Gate, GateResult, RuleCount
from lakehouse.quality.publish import AuditFailedError, publish, published_version
from lakehouse.quality.results import GateStats
from lakehouse.quality.suites import load_suite
from tests.unit.lakehouse.in_memory_lake import InMemoryLake, Rows
from tests.unit.lakehouse.quality.audits import BREAKS, CANNOT_BE_EVALUATED, evaluate_in_memory

TABLE = BATCH.silver
UNIQUE, BEARABLE = "silver.unique_id.unique", "silver.quarantined_share.bearable"
SOUND, BROKEN = [{"unique_id": "a"}], [{BREAKS: UNIQUE}]


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> InMemoryLake:
    evaluate_in_memory(monkeypatch)
    return InMemoryLake()


def _gates(read: int = 0, quarantined: int = 0) -> GateStats:
    """Return what a run's gates have counted."""
    stats = GateStats()
    if read:
        suite = load_suite(TABLE)
        counts = StepMetrics(read=read, written=read - quarantined, quarantined=quarantined)
        rules = (RuleCount(suite.row_rules[0], read, quarantined),)
        stats.add(GateResult(Rows([]).dataframe, Gate(TABLE, suite, {}), counts, rules))
    return stats


def _publish(lake: InMemoryLake, *, read: int = 0, quarantined: int = 0) -> None:
    publish(lake, TABLE, gates=_gates(read, quarantined))


def test_a_version_that_passes_is_published_with_its_results(lake: InMemoryLake) -> None:
    version = lake.write(TABLE, SOUND)
    assert published_version(lake, TABLE) is None

    with capture_logs() as logs:
        _publish(lake, read=4, quarantined=1)

    assert published_version(lake, TABLE) == version
    assert [entry["event"] for entry in logs] == ["published"]
    rows = lake.rows(QUALITY_RESULTS)
    assert {row["kind"] for row in rows} == {"row", "table"}
    assert len({row["run_id"] for row in rows}) == 1
    assert {row["version"] for row in rows} == {None, version}


def test_a_critical_failure_keeps_the_version_that_readers_have(lake: InMemoryLake) -> None:
    before = lake.write(TABLE, SOUND)
    _publish(lake)
    broken = lake.write(TABLE, BROKEN)

    with capture_logs() as logs, pytest.raises(AuditFailedError) as raised:
        _publish(lake)

    assert published_version(lake, TABLE) == before
    assert raised.value.what == f"critical rules failed: {UNIQUE}; readers keep version {before}"
    assert raised.value.where == f"silver.pins_batch version {broken}"
    assert raised.value.hint == "Fix the data or the rule, then rerun this step."
    assert [failure.rule for failure in raised.value.failures] == [UNIQUE]
    (entry,) = logs
    assert (entry["event"], entry["rule"]) == ("critical rule does not hold", UNIQUE)
    assert (entry["unexpected"], entry["evaluated"]) == (1, 1)


def test_readers_of_a_first_version_that_fails_keep_nothing(lake: InMemoryLake) -> None:
    lake.write(TABLE, BROKEN)

    with pytest.raises(AuditFailedError, match="readers keep nothing"):
        _publish(lake)

    assert published_version(lake, TABLE) is None


def test_the_results_of_a_failed_version_are_recorded(lake: InMemoryLake) -> None:
    lake.write(TABLE, BROKEN)
    with pytest.raises(AuditFailedError):
        _publish(lake)

    assert [row["rule"] for row in lake.rows(QUALITY_RESULTS) if not row["success"]] == [UNIQUE]


def test_a_warning_does_not_keep_a_version_back(lake: InMemoryLake) -> None:
    version = lake.write(TABLE, [{BREAKS: "silver.event_time.fresh"}])

    _publish(lake)

    assert published_version(lake, TABLE) == version
    assert [row["rule"] for row in lake.rows(QUALITY_RESULTS) if not row["success"]] == [
        "silver.event_time.fresh"
    ]


def test_a_published_version_is_not_audited_again(lake: InMemoryLake) -> None:
    lake.write(TABLE, SOUND)
    _publish(lake)
    commits = lake.version(QUALITY_RESULTS)

    _publish(lake)
    assert lake.version(QUALITY_RESULTS) == commits

    # Only the gates have something to record: every incoming row was refused.
    _publish(lake, read=2, quarantined=2)
    assert lake.version(QUALITY_RESULTS) == commits + 1
    assert lake.rows(QUALITY_RESULTS)[-1]["kind"] == "row"


def test_a_version_that_an_interrupted_run_left_is_published_by_the_next(lake: InMemoryLake) -> None:
    lake.write(TABLE, SOUND)
    _publish(lake)
    left = lake.write(TABLE, SOUND)

    _publish(lake)

    assert published_version(lake, TABLE) == left


def test_the_share_of_refused_rows_covers_all_runs_since_the_published_version(lake: InMemoryLake) -> None:
    lake.write(TABLE, SOUND)
    _publish(lake)
    lake.write(TABLE, SOUND)
    with pytest.raises(AuditFailedError, match=BEARABLE):
        _publish(lake, read=10, quarantined=8)

    # 8 of 14 rows are still more than half of them; 8 of 16 are not.
    lake.write(TABLE, SOUND)
    with pytest.raises(AuditFailedError, match=BEARABLE):
        _publish(lake, read=4)
    version = lake.write(TABLE, SOUND)
    _publish(lake, read=2)
    assert published_version(lake, TABLE) == version

    # What was published is not counted again.
    lake.write(TABLE, SOUND)
    with pytest.raises(AuditFailedError, match=BEARABLE):
        _publish(lake, read=1, quarantined=1)


def test_more_rows_released_than_refused_leave_no_share(lake: InMemoryLake) -> None:
    version = lake.write(TABLE, SOUND)
    gates = _gates(read=10, quarantined=2)
    gates.exclude_known(5)

    publish(lake, TABLE, gates=gates)

    assert published_version(lake, TABLE) == version
    assert {row["observed"] for row in lake.rows(QUALITY_RESULTS) if row["kind"] == "table"} == {"0.0"}


def test_a_table_that_never_had_rows_is_not_published(lake: InMemoryLake) -> None:
    lake.ensure(TABLE)

    _publish(lake)

    assert published_version(lake, TABLE) is None


def test_a_table_that_an_erasure_emptied_is_published(lake: InMemoryLake) -> None:
    lake.write(TABLE, SOUND)
    _publish(lake)
    emptied = lake.write(TABLE, [])

    _publish(lake)

    assert published_version(lake, TABLE) == emptied


def test_a_rule_that_cannot_be_evaluated_publishes_nothing(lake: InMemoryLake) -> None:
    lake.write(TABLE, [{BREAKS: CANNOT_BE_EVALUATED}])

    with pytest.raises(TerminalError, match=CANNOT_BE_EVALUATED):
        _publish(lake)

    assert published_version(lake, TABLE) is None
