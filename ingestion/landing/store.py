"""Storage of landing objects in the bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from foundation.errors import TerminalError, TransientError
from foundation.landing_object import LandingObject
from foundation.offsets import LostOffsets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FIRST_RECORD_HASH_KEY = "first-record-sha256"
GIVE_UP_AFTER_SECONDS = 60.0

Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class LandingStore:
    """The landing prefix of one bucket; every call is retried while the object store is unavailable.

    Args:
        s3: the client.
        bucket: name of the bucket.
        stopping: set when the process should end; then there are no more retries.
    """

    def __init__(self, s3: S3Client, *, bucket: str, stopping: threading.Event) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._stopping = stopping

    def put(self, key: str, body: bytes, *, first_record_hash: str) -> None:
        """Store an object; return after the store has acknowledged it.

        Args:
            key: key of the object.
            body: content of the object.
            first_record_hash: hash of its first record; stored as metadata.

        Raises:
            TransientError: the store did not answer.
            TerminalError: the store refuses.
        """
        self._persist(
            lambda: self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, Metadata={FIRST_RECORD_HASH_KEY: first_record_hash}
            ),
            key,
        )

    def last_offset(self, wanted: LandingObject, *, first_record_hash: str) -> int | None:
        """Return the last offset of the object that starts with the same record, if there is one.

        Args:
            wanted: only its start is used.
            first_record_hash: hash of the first record.

        Raises:
            TransientError: the store did not answer.
            TerminalError: the store refuses, or the object has records of an earlier topic of the same name.
        """
        prefix = wanted.prefix
        listing = self._persist(lambda: self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix), prefix)
        keys_by_last_offset = {
            landed.offsets.last: entry["Key"]
            for entry in listing.get("Contents", [])
            if (landed := LandingObject.parse(entry["Key"]))
        }
        if not keys_by_last_offset:
            return None
        last = max(keys_by_last_offset)
        key = keys_by_last_offset[last]
        head = self._persist(lambda: self._s3.head_object(Bucket=self._bucket, Key=key), key)
        if head["Metadata"].get(FIRST_RECORD_HASH_KEY) != first_record_hash:
            raise TerminalError(
                "an object of this name has other records: the topic was deleted and created again",
                where=f"s3://{self._bucket}/{key}",
                hint="Use another bucket (PINLAKE_S3_BUCKET), or move that object away.",
            )
        return last

    def record(self, lost: LostOffsets) -> None:
        """Record that offsets can no longer be landed.

        Raises: as `put`.
        """
        _log.error("offsets are lost", **lost.as_row())
        body = lost.as_json().encode()
        self._persist(lambda: self._s3.put_object(Bucket=self._bucket, Key=lost.key, Body=body), lost.key)

    def _persist(self, call: Callable[[], Result], key: str) -> Result:
        where = f"s3://{self._bucket}/{key}"
        persistent = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(GIVE_UP_AFTER_SECONDS) | stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            before_sleep=lambda state: _log.warning(
                "object store away, trying again", key=key, error=_outcome(state)
            ),
            reraise=True,
        )
        try:
            return persistent(call)
        except (BotoCoreError, ClientError) as error:
            if _may_pass(error):
                hint = "Start it (`pinlake up`) or correct PINLAKE_S3_ENDPOINT; nothing is lost."
                raise TransientError(
                    f"the object store does not answer: {_reason(error)}", where=where, hint=hint
                ) from error
            hint = "Create the bucket (`pinlake up` does so locally), or correct PINLAKE_S3_* and the rights."
            raise TerminalError(
                f"the object store refuses: {_reason(error)}", where=where, hint=hint
            ) from error


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500 or status in {408, 429}
    return isinstance(error, BotoCoreError)


def _reason(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__


def _outcome(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return _reason(error) if isinstance(error, BotoCoreError | ClientError) else type(error).__name__
