"""How the stream lane is: a small object in the bucket, written by the lane and read from any host."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import ConfigurationError, store_away
from lakehouse.delta.locks import liveness
from lakehouse.delta.locks.owner import LockOwner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "state/stream.json"
State = Literal["running", "waiting", "ended", "died"]


@dataclass(frozen=True)
class StreamStatus:
    """What the lane has written last.

    Attributes:
        state: waiting while a server is away; died if it shows no sign of life and has not ended.
        since: when that began, ISO 8601 in UTC.
        owner: its process.
        wrote_at: when the last micro-batch was written.
        reason: what it waits for, what has ended it, or why it counts as died.
        age: seconds since the object was written; 0 for a lane that describes itself.
    """

    state: State
    since: str
    owner: LockOwner
    wrote_at: str | None = None
    reason: str | None = None
    age: float = 0.0

    @property
    def is_well(self) -> bool:
        """Whether nothing is in its way."""
        return self.state in ("running", "ended") and self.reason is None

    @property
    def is_running(self) -> bool:
        """Whether it runs now and waits for nothing."""
        return self.state == "running" and self.is_well

    def as_running(self, now: datetime) -> StreamStatus:
        """Return the status of a lane that waits for nothing."""
        return self._changed("running", now)

    def as_written(self, now: datetime) -> StreamStatus:
        """Return the status after a micro-batch."""
        return replace(self._changed("running", now), wrote_at=_text(now))

    def as_waiting(self, reason: str, now: datetime) -> StreamStatus:
        """Return the status of a lane that waits for a server."""
        return self._changed("waiting", now, reason)

    def as_ended(self, reason: str | None, now: datetime) -> StreamStatus:
        """Return the status of a lane that has ended, by an error if there is a reason."""
        return self._changed("ended", now, reason)

    def observed_after(self, age: float) -> StreamStatus:
        """Return the status as a reader sees it that many seconds after it was written."""
        known = replace(self, age=age)
        if self.state == "ended" or liveness.is_alive(self.owner, age):
            return known
        gone = "its process is gone" if self.owner.has_ended() else f"no sign of life for {age:.0f} s"
        return replace(known, state="died", reason=f"{gone}: {self.owner}")

    def as_json(self) -> str:
        """Return what the object holds."""
        stored = asdict(self) | {"owner": self.owner.as_dict()}
        return json.dumps({name: value for name, value in stored.items() if name != "age"})

    @classmethod
    def from_json(cls, text: str | bytes) -> StreamStatus:
        """Return what `as_json` has written."""
        held = json.loads(text)
        return cls(
            held["state"], held["since"], LockOwner.from_dict(held["owner"]), held["wrote_at"], held["reason"]
        )

    def as_data(self) -> dict[str, Any]:
        """Return what `pinlake status --json` prints."""
        return {
            "state": self.state,
            "since": self.since,
            "pid": self.owner.pid,
            "wrote_at": self.wrote_at,
            "reason": self.reason,
            "host": self.owner.host,
            "command": self.owner.command,
            "age_seconds": self.age,
        }

    def _changed(self, state: State, now: datetime, reason: str | None = None) -> StreamStatus:
        since = self.since if self.state == state else _text(now)
        return replace(self, state=state, since=since, reason=reason)


def initial_status(owner: LockOwner, now: datetime) -> StreamStatus:
    """Return the status of a lane that has just begun."""
    return StreamStatus("running", _text(now), owner)


def read(s3: S3Client, bucket: str) -> StreamStatus | None:
    """Return how the lane is, or None if none has ever run. Costs one request.

    Raises:
        TransientError: the store does not answer.
        ConfigurationError: it does not let these keys read.
    """
    where = f"{s3.meta.endpoint_url}, s3://{bucket}/{KEY}"
    try:
        found = s3.get_object(Bucket=bucket, Key=KEY)
        return StreamStatus.from_json(found["Body"].read()).observed_after(liveness.age(found))
    except s3.exceptions.NoSuchKey:
        return None
    except ClientError as error:
        raise ConfigurationError(
            f"the stream's status cannot be read: {error.response['Error'].get('Code')}",
            where=where,
            hint="Correct PINLAKE_S3_BUCKET and the keys, or create the bucket with `pinlake init`.",
        ) from None
    except BotoCoreError as error:
        raise store_away(error, where=where) from None


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
