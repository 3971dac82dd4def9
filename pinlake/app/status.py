"""The report of `pinlake status`: servers, lag of Kafka's readers, the stream lane, its quality, drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from foundation import kafka_admin
from foundation.clients import BRIEF
from foundation.errors import PinlakeError
from foundation.object_store import ObjectStore
from foundation.settings import Settings
from lakehouse.delta.streaming_checkpoint import read_stream_position
from lakehouse.observability.schema_drift import report as drift_verdict
from lakehouse.observability.schema_drift.report import Drift
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.quality import stream_audit_status as quality_verdict
from lakehouse.quality.stream_audit_status import StreamAuditStatus
from lakehouse.serving.position import read_offsets
from pinlake.app import servers
from pinlake.app.servers import KAFKA, POSTGRES, S3, Server, State

# Readers are named after the commands that read the two topics; the stream reads for Postgres separately.
BATCH_READER, STREAM_READER, SERVING_READER = "consume", "stream", "serving"


@dataclass(frozen=True)
class Lag:
    """Lag of a reader in one partition; `committed` and `lag` are None if it has never read."""

    reader: str
    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int | None


@dataclass(frozen=True)
class StoredStatus:
    """Status in the object store: of the stream lane, and the schema drift of both lanes.

    Attributes:
        stream: status of the stream lane, if it has ever run.
        quality: its last audit, if there was one.
        drift: last result of `pinlake drift` for each lane that was checked.
        position: the offset that the tables of the stream lane read next, by partition.
    """

    stream: StreamStatus | None = None
    quality: StreamAuditStatus | None = None
    drift: Sequence[Drift] = ()
    position: dict[int, int] | None = None


@dataclass(frozen=True)
class Report:
    """The whole report.

    Attributes:
        servers: empty if no server is configured and no stack was ever started.
        lag: lag of Kafka's readers.
        lag_error: why the lag is not known.
        stored: status in the object store; empty if the store does not answer.
    """

    servers: Sequence[Server]
    lag: Sequence[Lag]
    lag_error: str | None
    stored: StoredStatus

    @property
    def is_well(self) -> bool:
        """Whether every server can be used, the stream is well, no critical rule failed, no field drifted."""
        return (
            bool(self.servers)
            and all(server.is_well for server in self.servers)
            and (self.stored.stream is None or self.stored.stream.is_well)
            and not (self.stored.quality and self.stored.quality.failed)
            and not any(drift.critical for drift in self.stored.drift)
        )


def gather(settings: Settings) -> Report:
    """Ask all servers at once, then read the rest from those that answer."""
    by_name = {server.name: server for server in servers.configured(settings)}
    stored = StoredStatus()
    if S3 in by_name and by_name[S3].is_well:
        try:
            stored = _stored(ObjectStore.open(settings.s3, BRIEF), settings.kafka.stream_topic)
        except PinlakeError as error:
            why = f"the bucket {settings.s3.bucket} cannot be read: {error.what}"
            by_name[S3] = replace(by_name[S3], state=State.UNUSABLE, error=why)
    topic, postgres = settings.kafka.stream_topic, by_name.get(POSTGRES)
    served = read_offsets(settings.postgres) if postgres and postgres.is_well else None
    positions = {
        STREAM_READER: stored.position or {},
        SERVING_READER: {int(name): offset for name, offset in (served or {}).get(topic, {}).items()},
    }
    lag, lag_error = _lag(settings, by_name.get(KAFKA), positions)
    return Report(list(by_name.values()), lag, lag_error, stored)


def _stored(store: ObjectStore, topic: str) -> StoredStatus:
    quality = store.read(quality_verdict.KEY)
    drifts = (store.read(drift_verdict.object_key(lane)) for lane in ("batch", "stream"))
    return StoredStatus(
        stream=stream_status.read(store),
        quality=None if quality is None else StreamAuditStatus.from_json(quality),
        drift=[Drift.from_json(drift) for drift in drifts if drift is not None],
        position=read_stream_position(store, topic),
    )


def _lag(
    settings: Settings, kafka: Server | None, positions: Mapping[str, Mapping[int, int]]
) -> tuple[list[Lag], str | None]:
    """Return the lag, or why it is not known; for a stopped local Kafka its state says enough.

    Args:
        settings: Kafka.
        kafka: its state.
        positions: by reader of the stream topic, the offset that it reads next, by partition.
    """
    if kafka is None or (kafka.is_local and not kafka.is_well):
        return [], None
    if kafka.state is State.UNREACHABLE:
        return [], kafka.error
    try:
        partitions = kafka_admin.read_lag(settings.kafka)
    except PinlakeError as error:
        return [], str(error)
    batch = [row for row in partitions if row.topic == settings.kafka.batch_topic]
    rows = [Lag(BATCH_READER, row.topic, row.partition, row.committed, row.end, row.lag) for row in batch]
    for reader, position in positions.items():
        for row in partitions:
            if row.topic == settings.kafka.stream_topic:
                following = position.get(row.partition)
                behind = None if following is None else row.end - following
                rows.append(Lag(reader, row.topic, row.partition, following, row.end, behind))
    return rows, None
