"""Pending work of a drain of the stream lane: records, columns, an audit that has expired, Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import psycopg2
import pytest

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.settings import KafkaSettings, PostgresSettings, Settings
from lakehouse.catalog.locations import checkpoint_key
from lakehouse.catalog.tables import STREAM, Table
from lakehouse.pipelines.pending_work import stream
from lakehouse.pipelines.pending_work.reasons import UNSETTLED, find_reason
from lakehouse.pipelines.pending_work.stream import stream_work
from lakehouse.quality import stream_audit_status
from lakehouse.quality.stream_audit_status import StreamAuditStatus, TableAuditStatus
from tests.unit.lakehouse.pipelines.pending_work.lakes import RUN, TOPIC, VERSION, SettledLake

SETTINGS = Settings(kafka=KafkaSettings(stream_topic=TOPIC))
AWAY = TransientError("Kafka does not answer", where="broker", hint="Start it.")
Ends = dict[str, dict[str, int]]


@pytest.fixture
def lake() -> SettledLake:
    return SettledLake()


@pytest.fixture(autouse=True)
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """The offsets at which the topic ends."""
    ends = {TOPIC: {"0": 5, "1": 7}}

    def latest_offsets(_: KafkaSettings, topic: str) -> Ends:
        return {topic: ends[topic]}

    monkeypatch.setattr(kafka_admin, "latest_offsets", latest_offsets)
    return ends


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """The offsets that are served next."""
    served = {TOPIC: {"0": 5, "1": 7}}
    monkeypatch.setattr(stream, "read_offsets", lambda _: served or None)
    return served


@pytest.fixture(autouse=True)
def databases(monkeypatch: pytest.MonkeyPatch) -> list[PostgresSettings]:
    """The databases whose schema was created."""
    databases: list[PostgresSettings] = []
    monkeypatch.setattr(stream, "create_schema", databases.append)
    return databases


def _work(lake: SettledLake) -> Iterator[str]:
    return stream_work(lake, SETTINGS)


def test_after_a_drain_there_is_nothing_to_do(lake: SettledLake, databases: list[PostgresSettings]) -> None:
    assert list(_work(lake)) == []
    # A drain without records creates it, too.
    assert databases == [SETTINGS.postgres]


@pytest.mark.parametrize(
    "now",
    [{TOPIC: {"0": 5, "1": 6}}, {TOPIC: {"0": 5}}, {"another": {"0": 5, "1": 7}}, {}],
    ids=["a record", "a partition", "another topic", "unknown"],
)
def test_an_event_that_was_not_served_is_work(now: Ends, lake: SettledLake, served: Ends) -> None:
    served.clear()
    served.update(now)

    assert next(_work(lake)).endswith(f", served is {now or None}")


def test_an_empty_partition_needs_no_position(lake: SettledLake, served: Ends, ends: Ends) -> None:
    ends[TOPIC] = {"0": 0, "1": 7}
    lake.end_batch("stream", ends)
    del served[TOPIC]["0"]

    assert list(_work(lake)) == []


@pytest.mark.parametrize(
    "now",
    [
        {"0": 6, "1": 7},
        {"0": 5, "1": 7, "2": 0},
        # A topic that was deleted and created again.
        {"0": 0, "1": 0},
        {"0": 5},
    ],
    ids=["a record", "a partition", "another topic", "a partition less"],
)
def test_a_topic_that_ends_elsewhere_is_work(now: dict[str, int], lake: SettledLake, ends: Ends) -> None:
    ends[TOPIC] = now

    assert next(_work(lake)) == f"the topic ends at {ends}, read is {{'{TOPIC}': {{'0': 5, '1': 7}}}}"


def test_another_topic_is_work(lake: SettledLake) -> None:
    lake.end_batch("stream", {"another": {"0": 5, "1": 7}})

    assert next(_work(lake)).startswith("the topic ends at")


def test_a_lane_killed_in_a_micro_batch_repeats_it(lake: SettledLake) -> None:
    lake.start_batch("stream", {TOPIC: {"0": 5, "1": 7}}, number=1)

    assert next(_work(lake)) == UNSETTLED


def test_a_lane_that_has_never_run_has_work(lake: SettledLake) -> None:
    for folder in ("offsets", "commits"):
        del lake.bucket.objects[f"{checkpoint_key('stream')}/{folder}/0"]

    assert next(_work(lake)) == UNSETTLED


@pytest.mark.parametrize("table", STREAM.tables)
def test_a_table_that_lacks_a_column_or_does_not_exist_is_work(table: Table, lake: SettledLake) -> None:
    lake.drop_column(table, "event_id")
    assert list(_work(lake)) == [f"{table.full_name} lacks event_id"]

    del lake.states[table]
    assert "has no data yet" in str(find_reason(lambda: _work(lake)))


@pytest.mark.parametrize("table", [STREAM.silver, STREAM.features])
def test_a_version_that_was_not_audited_is_work(table: Table, lake: SettledLake) -> None:
    lake.commit(table)

    assert list(_work(lake)) == [f"{table.full_name} has version 4, which was not audited by this suite"]


def test_a_warning_of_the_last_audit_is_no_work(lake: SettledLake) -> None:
    warned = {STREAM.silver.full_name: TableAuditStatus(VERSION, warning=["silver.event_time.fresh"])}
    lake.write_audit_status(StreamAuditStatus(datetime.now(UTC).isoformat(), RUN, tables=warned))

    assert list(_work(lake)) == []


@pytest.mark.parametrize("table", [STREAM.bronze, STREAM.quarantine])
def test_a_version_that_no_audit_checks_is_no_work(table: Table, lake: SettledLake) -> None:
    lake.commit(table)

    assert list(_work(lake)) == []


@pytest.mark.parametrize("table", [STREAM.silver, STREAM.features])
def test_a_suite_that_has_changed_since_its_audit_is_work(table: Table, lake: SettledLake) -> None:
    lake.audited[RUN] = frozenset(
        replace(audited, suite="an older suite") if audited.table == table.full_name else audited
        for audited in lake.audited[RUN]
    )

    assert list(_work(lake)) == [
        f"{table.full_name} has version {VERSION}, which was not audited by this suite"
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"error": "the object store does not answer"},
        {"tables": {STREAM.silver.full_name: TableAuditStatus(VERSION, critical=["silver.rows.some"])}},
        {"run_id": "a run that has audited nothing"},
        # Rules about the age of events can fail without a new version.
        {"at": (datetime.now(UTC) - timedelta(minutes=61)).isoformat(timespec="seconds")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_audit_that_proves_nothing_today_is_work(changed: dict[str, Any], lake: SettledLake) -> None:
    status = StreamAuditStatus(datetime.now(UTC).isoformat(timespec="seconds"), RUN)
    lake.write_audit_status(status)
    assert list(_work(lake)) == []

    lake.write_audit_status(replace(status, **changed))
    assert list(_work(lake))


def test_a_lane_that_was_killed_before_its_audit_is_audited(lake: SettledLake) -> None:
    del lake.bucket.objects[stream_audit_status.KEY]

    assert list(_work(lake)) == ["the last audit failed, or there was none"]


def test_a_database_that_does_not_answer_is_waited_for_with_spark(
    lake: SettledLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: PostgresSettings) -> NoReturn:
        raise psycopg2.OperationalError("could not connect\n\tIs the server running?")

    monkeypatch.setattr(stream, "create_schema", refuse)

    assert list(_work(lake)) == ["could not connect"]


def test_a_broker_that_does_not_answer_is_left_to_spark(
    lake: SettledLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise AWAY

    monkeypatch.setattr(kafka_admin, "latest_offsets", refuse)

    assert find_reason(lambda: _work(lake)) == str(AWAY)
