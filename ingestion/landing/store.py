"""Storage of landing objects in the bucket."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import structlog
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from foundation.errors import TerminalError, TransientError
from foundation.landing_object import LandingObject
from foundation.object_store import ObjectStore
from foundation.offsets import LostOffsets

FIRST_RECORD_HASH_KEY = "first-record-sha256"
GIVE_UP_AFTER_SECONDS = 60.0

Result = TypeVar("Result")
_log = structlog.get_logger(__name__)


class LandingStore:
    """The landing prefix of one bucket; every call is retried while the object store is unavailable.

    Args:
        store: the bucket.
        stopping: set when the process should end; then there are no more retries.
    """

    def __init__(self, store: ObjectStore, *, stopping: threading.Event) -> None:
        self._store = store
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
        metadata = {FIRST_RECORD_HASH_KEY: first_record_hash}
        self._persist(partial(self._store.write, body=body, metadata=metadata), key)

    def last_offset(self, wanted: LandingObject, *, first_record_hash: str) -> int | None:
        """Return the last offset of the object that starts with the same record, if there is one.

        Args:
            wanted: only its start is used.
            first_record_hash: hash of the first record.

        Raises:
            TransientError: the store did not answer.
            TerminalError: the store refuses, or the object has records of an earlier topic of the same name.
        """
        keys_by_last_offset = {
            landed.offsets.last: key
            for key in self._persist(self._store.list_keys, wanted.prefix)
            if (landed := LandingObject.parse(key))
        }
        if not keys_by_last_offset:
            return None
        last = max(keys_by_last_offset)
        key = keys_by_last_offset[last]
        metadata = self._persist(self._store.read_metadata, key)
        if metadata.get(FIRST_RECORD_HASH_KEY) != first_record_hash:
            raise TerminalError(
                "an object of this name has other records: the topic was deleted and created again",
                where=f"s3://{self._store.bucket}/{key}",
                hint="Use another bucket (PINLAKE_S3_BUCKET), or move that object away.",
            )
        return last

    def record(self, lost: LostOffsets) -> None:
        """Record that offsets can no longer be landed.

        Raises: as `put`.
        """
        _log.error("offsets are lost", **lost.as_row())
        self._persist(partial(self._store.write, body=lost.as_json().encode()), lost.key)

    def _persist(self, call: Callable[[str], Result], key: str) -> Result:
        persistent = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            stop=stop_after_delay(GIVE_UP_AFTER_SECONDS) | stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            before_sleep=lambda state: _log.warning(
                "object store away, trying again", key=key, error=_outcome(state)
            ),
            reraise=True,
        )
        return persistent(call, key)


def _outcome(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return error.what if isinstance(error, TransientError) else type(error).__name__
