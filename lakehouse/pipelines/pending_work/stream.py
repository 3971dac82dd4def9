"""Pending work of the stream lane when it is to process what Kafka holds and end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import psycopg2

from foundation import kafka_admin
from foundation.errors import first_line
from foundation.offsets import Positions
from foundation.settings import PostgresSettings, Settings
from lakehouse.catalog.tables import STREAM
from lakehouse.pipelines.pending_work.lake_state import AuditedVersion, LakeState, TableState
from lakehouse.pipelines.pending_work.reasons import UNSETTLED, missing_columns
from lakehouse.quality import stream_audit_status
from lakehouse.quality.stream_audit_status import AUDITED, StreamAuditStatus
from lakehouse.quality.suite_file import read_suite_file
from lakehouse.serving.position import read_offsets
from lakehouse.serving.schema import create_schema

# Some rules depend on the time: the same rows can pass now and fail in two days.
_AUDIT_EXPIRY = timedelta(hours=1)


def stream_work(lake: LakeState, settings: Settings) -> Iterator[str]:
    """Yield why a drain of the stream lane has work, or might have; without a reason it would change nothing.

    Like a drain, this creates what is missing in Postgres.
    """
    ends = kafka_admin.latest_offsets(settings.kafka, settings.kafka.stream_topic)
    yield from _unread_records(lake, ends)
    states = lake.open_tables(STREAM.tables)
    yield from missing_columns(states)
    yield from _expired_audit(lake, [state for state in states if state.table in AUDITED])
    yield from _unserved_records(settings.postgres, ends)


def _unread_records(lake: LakeState, ends: Positions) -> Iterator[str]:
    """Yield that Kafka has records that the tables do not have, or has lost some."""
    position = lake.checkpoint("stream").settled_end()
    if position is None:
        yield UNSETTLED
    elif position != ends:
        yield f"the topic ends at {ends}, read is {position}"


def _expired_audit(lake: LakeState, states: Sequence[TableState]) -> Iterator[str]:
    """Yield that the last audit failed, is too old, or has not checked these versions by today's suites."""
    stored = lake.objects.read(stream_audit_status.KEY)
    status = StreamAuditStatus.from_json(stored) if stored else None
    if status is None or status.failed:
        # A rule about the share of refused rows can pass now, because it looks at one run alone.
        yield "the last audit failed, or there was none"
    elif datetime.now(UTC) - datetime.fromisoformat(status.at) > _AUDIT_EXPIRY:
        yield f"the last audit is of {status.at}"
    else:
        wanted = {
            AuditedVersion(state.table.full_name, state.version, read_suite_file(state.table).fingerprint)
            for state in states
        }
        for version in wanted - lake.find_audited(status.run_id):
            yield f"{version.table} has version {version.version}, which was not audited by this suite"


def _unserved_records(postgres: PostgresSettings, ends: Positions) -> Iterator[str]:
    """Yield why Postgres cannot be used, or that Kafka has records that have not been served."""
    try:
        create_schema(postgres)
    except psycopg2.Error as error:
        yield first_line(error)
        return
    served = read_offsets(postgres)
    for topic, partitions in ends.items():
        following = None if served is None else served.get(topic, {})
        if following is None or any(following.get(name, 0) != end for name, end in partitions.items()):
            yield f"the topic ends at {ends}, served is {served}"
