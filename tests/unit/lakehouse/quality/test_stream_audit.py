"""The stream lane's audit: changed tables alone, a failure that is reported and never stops the stream."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException
from structlog.testing import capture_logs

from lakehouse.catalog.tables import QUALITY_RESULTS, STREAM
from lakehouse.quality import stream_audit
from lakehouse.quality.results import GateStats
from lakehouse.quality.stream_audit import StreamAuditor
from lakehouse.quality.stream_audit_status import KEY, StreamAuditStatus
from tests.unit.lakehouse.in_memory_lake import InMemoryLake
from tests.unit.lakehouse.quality.audits import BREAKS, CANNOT_BE_EVALUATED, evaluate_in_memory

SILVER = STREAM.silver.full_name
UNIQUE, FRESH = "silver.event.unique", "silver.event_time.fresh"


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> InMemoryLake:
    evaluate_in_memory(monkeypatch)
    # What its thread inherits is kept in the JVM; these tests start no thread.
    monkeypatch.setattr(stream_audit, "InheritableThread", lambda **_: None)
    return InMemoryLake()


def _auditor(lake: InMemoryLake) -> StreamAuditor:
    return StreamAuditor(lake, gates=GateStats(), seconds=60)


def _status(lake: InMemoryLake) -> StreamAuditStatus:
    text = lake.get_text(KEY)
    assert text is not None
    return StreamAuditStatus.from_json(text)


def _evaluated(lake: InMemoryLake) -> list[int]:
    """Return how many rows each audit of silver has read, in order."""
    rows = lake.rows(QUALITY_RESULTS)
    return [int(row["evaluated"]) for row in rows if row["rule"] == UNIQUE and row["table"] == SILVER]


def test_before_the_first_micro_batch_there_is_nothing_wrong(lake: InMemoryLake) -> None:
    _auditor(lake).audit_once()

    assert (_status(lake).failed, _status(lake).tables) == (False, {})
    assert not lake.exists(QUALITY_RESULTS)


def test_failed_rules_are_reported_by_severity(lake: InMemoryLake) -> None:
    version = lake.write(STREAM.silver, [{BREAKS: UNIQUE}, {BREAKS: FRESH}])
    lake.write(STREAM.features, [{}])

    with capture_logs() as logs:
        _auditor(lake).audit_once()

    status = _status(lake)
    assert status.failed
    assert (status.tables[SILVER].version, status.tables[SILVER].critical) == (version, [UNIQUE])
    assert status.tables[SILVER].warning == [FRESH]
    assert status.tables[STREAM.features.full_name].critical == []
    assert {entry["rule"]: entry["log_level"] for entry in logs} == {UNIQUE: "error", FRESH: "warning"}


def test_a_table_is_audited_once_per_version_and_its_status_stays(lake: InMemoryLake) -> None:
    auditor = _auditor(lake)
    lake.write(STREAM.silver, [{BREAKS: UNIQUE}])
    auditor.audit_once()
    first = len(lake.rows(QUALITY_RESULTS))

    auditor.audit_once()
    assert len(lake.rows(QUALITY_RESULTS)) == first
    assert _status(lake).tables[SILVER].critical == [UNIQUE]

    lake.write(STREAM.silver, [{}])
    auditor.audit_once()
    assert len(lake.rows(QUALITY_RESULTS)) == 2 * first
    assert not _status(lake).failed


def test_only_what_was_added_since_the_last_audit_is_read_in_another_process_too(lake: InMemoryLake) -> None:
    first = lake.write(STREAM.silver, [{}, {}])
    _auditor(lake).audit_once()
    lake.write(STREAM.silver, [{}, {}, {}])

    _auditor(lake).audit_once()

    assert _status(lake).tables[SILVER].since == first
    assert _evaluated(lake) == [2, 1]


def test_the_same_rows_are_audited_again_if_none_were_added(lake: InMemoryLake) -> None:
    # Some rules depend on the time, and a step without work asks for results of the newest version.
    first = lake.write(STREAM.silver, [{}])
    rows: list[dict[str, object]] = [{}, {}, {}]
    _auditor(lake).audit_once()
    lake.write(STREAM.silver, rows)
    _auditor(lake).audit_once()
    newest = lake.write(STREAM.silver, rows)

    for _ in range(2):
        _auditor(lake).audit_once()
        assert (_status(lake).tables[SILVER].version, _status(lake).tables[SILVER].since) == (newest, first)

    assert _evaluated(lake) == [1, 2, 2, 2]


def test_rows_among_which_a_critical_rule_failed_are_audited_until_it_holds(lake: InMemoryLake) -> None:
    good = lake.write(STREAM.silver, [{}])
    auditor = _auditor(lake)
    auditor.audit_once()
    lake.write(STREAM.silver, [{}, {BREAKS: UNIQUE}])
    auditor.audit_once()
    lake.write(STREAM.silver, [{}, {BREAKS: UNIQUE}, {}])

    auditor.audit_once()

    assert (_status(lake).tables[SILVER].critical, _status(lake).tables[SILVER].since) == ([UNIQUE], good)
    assert _evaluated(lake) == [1, 1, 2]


def test_a_table_that_was_created_again_is_audited_as_a_whole(lake: InMemoryLake) -> None:
    for _ in range(3):
        lake.write(STREAM.silver, [{}])
    _auditor(lake).audit_once()
    del lake.versions[SILVER]
    lake.write(STREAM.silver, [{}, {}])

    _auditor(lake).audit_once()

    assert _status(lake).tables[SILVER].since is None
    assert _evaluated(lake) == [1, 2]


def test_an_audit_that_cannot_run_is_reported_and_tried_again(lake: InMemoryLake) -> None:
    auditor = _auditor(lake)
    lake.write(STREAM.silver, [{BREAKS: CANNOT_BE_EVALUATED}])

    with capture_logs() as logs:
        auditor.audit_once()

    assert _status(lake).failed
    assert str(_status(lake).error).startswith(CANNOT_BE_EVALUATED)
    assert [entry["event"] for entry in logs] == ["the stream lane could not be audited"]

    lake.write(STREAM.silver, [{}])
    auditor.audit_once()
    assert (_status(lake).error, _status(lake).failed) == (None, False)


@pytest.mark.parametrize("text", ["the store does not answer\n\tat java.net", ""])
def test_a_store_that_does_not_answer_keeps_the_old_status(
    text: str, lake: InMemoryLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    auditor = _auditor(lake)
    auditor.audit_once()
    before = lake.get_text(KEY)

    def fail(*_: object) -> None:
        raise PySparkException(text)

    monkeypatch.setattr(InMemoryLake, "put_text", fail)
    with capture_logs() as logs:
        auditor.audit_once()

    assert lake.get_text(KEY) == before
    assert [entry["error"] for entry in logs] == [text.splitlines()[0] if text else "PySparkException"]
