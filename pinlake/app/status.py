"""What `pinlake status` says: servers, Kafka's lag by reader, the stream lane, its quality, drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from foundation import kafka_admin as topics
from foundation.clients import BRIEF, s3_client
from foundation.errors import PinlakeError
from foundation.settings import Settings
from lakehouse.delta.streaming_checkpoint import read_stream_position
from lakehouse.observability.schema_drift import report as drift_verdict
from lakehouse.observability.schema_drift.report import Drift
from lakehouse.pipelines import stream_status
from lakehouse.pipelines.stream_status import StreamStatus
from lakehouse.quality import stream_audit_status as quality_verdict
from lakehouse.quality.stream_audit_status import StreamAuditStatus
from pinlake.app import servers
from pinlake.app.servers import KAFKA, S3, Server, State

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# By the commands that read the two topics.
BATCH_READER, STREAM_READER = "consume", "stream"


@dataclass(frozen=True)
class Lag:
    """How far a reader is behind in one partition; `committed` and `lag` are None if it has never read."""

    reader: str
    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int | None


@dataclass(frozen=True)
class Stored:
    """What the object store holds about the stream lane and both lanes' fields.

    Attributes:
        stream: how the stream lane is, if it has ever run.
        quality: its last audit, if there was one.
        drift: what `pinlake drift` found last, of each lane that it was asked about.
        position: the offset that the stream lane reads next, by partition.
    """

    stream: StreamStatus | None = None
    quality: StreamAuditStatus | None = None
    drift: Sequence[Drift] = ()
    position: dict[int, int] | None = None


@dataclass(frozen=True)
class Report:
    """All of it.

    Attributes:
        servers: none if no server is configured and no stack was ever started.
        lag: of Kafka's readers.
        lag_error: why the lag is not known.
        stored: what the object store holds; nothing if it does not answer.
    """

    servers: Sequence[Server]
    lag: Sequence[Lag]
    lag_error: str | None
    stored: Stored

    @property
    def is_well(self) -> bool:
        """Whether every server can be used, the stream is well, and no critical rule or field is broken."""
        return (
            bool(self.servers)
            and all(server.is_well for server in self.servers)
            and (self.stored.stream is None or self.stored.stream.is_well)
            and not (self.stored.quality and self.stored.quality.failed)
            and not any(drift.critical for drift in self.stored.drift)
        )


def gather(settings: Settings) -> Report:
    """Ask all servers at once, then those that answer for the rest."""
    found = {server.name: server for server in servers.configured(settings)}
    stored = Stored()
    if S3 in found and found[S3].is_well:
        try:
            stored = _stored(s3_client(settings.s3, BRIEF), settings)
        except (PinlakeError, BotoCoreError, ClientError) as error:
            why = f"the bucket {settings.s3.bucket} cannot be read: {_reason(error)}"
            found[S3] = replace(found[S3], state=State.UNUSABLE, error=why)
    lag, lag_error = _lag(settings, found.get(KAFKA), stored)
    return Report(list(found.values()), lag, lag_error, stored)


def _stored(s3: S3Client, settings: Settings) -> Stored:
    bucket = settings.s3.bucket
    quality = _read(s3, bucket, quality_verdict.KEY)
    drifts = (_read(s3, bucket, drift_verdict.object_key(lane)) for lane in ("batch", "stream"))
    return Stored(
        stream=stream_status.read(s3, bucket),
        quality=None if quality is None else StreamAuditStatus.from_json(quality),
        drift=[Drift.from_json(drift) for drift in drifts if drift is not None],
        position=read_stream_position(s3, bucket, topic=settings.kafka.stream_topic),
    )


def _read(s3: S3Client, bucket: str, key: str) -> bytes | None:
    try:
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def _lag(settings: Settings, kafka: Server | None, stored: Stored) -> tuple[list[Lag], str | None]:
    """Return the lag, or why it is not known; a local Kafka that is stopped needs no word more."""
    if kafka is None or (kafka.is_local and not kafka.is_well):
        return [], None
    if kafka.state is State.UNREACHABLE:
        return [], kafka.error
    try:
        found = topics.lag(settings.kafka)
    except PinlakeError as error:
        return [], str(error)
    rows = []
    for row in found:
        reader = BATCH_READER if row.topic == settings.kafka.batch_topic else STREAM_READER
        lag = Lag(reader, row.topic, row.partition, row.committed, row.end, row.lag)
        read = (stored.position or {}).get(row.partition) if reader == STREAM_READER else None
        rows.append(lag if read is None else replace(lag, committed=read, lag=row.end - read))
    return rows, None


def _reason(error: PinlakeError | BotoCoreError | ClientError) -> str:
    if isinstance(error, PinlakeError):
        return error.what
    if isinstance(error, ClientError):
        return error.response["Error"].get("Code", "unknown")
    return type(error).__name__
