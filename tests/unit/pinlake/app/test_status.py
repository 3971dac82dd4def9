"""What makes `pinlake status` fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from foundation import kafka_admin
from foundation.kafka_admin import PartitionLag
from foundation.settings import Settings
from lakehouse.delta.locks.owner import LockOwner
from lakehouse.observability.schema_drift.report import Drift, FieldDrift
from lakehouse.pipelines import stream_status
from lakehouse.quality.stream_audit_status import StreamAuditStatus, TableAuditStatus
from local_stack import stack
from pinlake.app import status
from pinlake.app.servers import Server, State
from pinlake.app.status import Report, StoredStatus

NOW = datetime(2026, 1, 30, tzinfo=UTC)
STREAM = stream_status.initial_status(LockOwner.this_process("pinlake stream"), NOW)
WELL = (
    Server("kafka", State.REACHABLE, None, None, "kafka:9092"),
    Server("s3", stack.State.RUNNING, None, None, "http://127.0.0.1:9000"),
)
DRIFT = Drift("batch", NOW.isoformat(), NOW.isoformat(), 100)


@pytest.mark.parametrize(
    "stored",
    [
        StoredStatus(),
        StoredStatus(stream=STREAM),
        StoredStatus(stream=STREAM.as_ended(None, NOW)),
        StoredStatus(quality=StreamAuditStatus("", "", tables={"t": TableAuditStatus(1, warning=("rule",))})),
        StoredStatus(drift=[DRIFT]),
    ],
    ids=["nothing", "running", "ended", "warned", "no drift"],
)
def test_all_is_well_while_nothing_is_in_the_way(stored: StoredStatus) -> None:
    assert Report(WELL, [], None, stored).is_well


@pytest.mark.parametrize(
    "stored",
    [
        StoredStatus(stream=STREAM.as_waiting("serving", "Kafka is away", NOW)),
        StoredStatus(stream=STREAM.as_ended("Kafka is away", NOW)),
        StoredStatus(stream=STREAM.observed_after(61.0)),
        StoredStatus(
            quality=StreamAuditStatus("", "", tables={"t": TableAuditStatus(1, critical=("rule",))})
        ),
        StoredStatus(quality=StreamAuditStatus("", "", error="no table")),
        StoredStatus(drift=[DRIFT, replace(DRIFT, fields=FieldDrift(lost=("title",)))]),
    ],
    ids=["waiting", "failed", "died", "critical", "not audited", "lost field"],
)
def test_a_stream_in_trouble_a_critical_rule_and_a_lost_field_fail_it(stored: StoredStatus) -> None:
    assert not Report(WELL, [], None, stored).is_well


@pytest.mark.parametrize("state", [*State, *stack.State])
def test_one_server_that_cannot_be_used_fails_it(state: State | stack.State) -> None:
    servers = (*WELL, Server("postgres", state, None, None, "postgres:5432"))

    assert Report(servers, [], None, StoredStatus()).is_well is (state in ("running", "reachable"))
    assert not Report((), [], None, StoredStatus()).is_well


def test_each_reader_has_its_own_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(_env_file=None)
    batch, stream = settings.kafka.batch_topic, settings.kafka.stream_topic
    ends = [PartitionLag(batch, 0, 4, 9, 5), *(PartitionLag(stream, part, None, 9, None) for part in (0, 1))]
    monkeypatch.setattr(kafka_admin, "read_lag", lambda _: ends)
    positions = {"stream": {0: 2}, "serving": {0: 8, 1: 9}}

    rows, error = status._lag(settings, WELL[0], positions)

    assert error is None
    assert [(row.reader, row.partition, row.committed, row.lag) for row in rows] == [
        ("consume", 0, 4, 5),
        ("stream", 0, 2, 7),
        ("stream", 1, None, None),
        ("serving", 0, 8, 1),
        ("serving", 1, 9, 0),
    ]
