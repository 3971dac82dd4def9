"""Leases on the object store: whoever holds one is the only process that writes a table.

`_leases/<name>/<generation>.json` is created with If-None-Match, so that each generation has one owner; the
highest generation holds the lease. Its owner overwrites the object as a heartbeat, and once more when it
releases it. Age is told by the store's clock alone: hosts need not agree on the time.

The lease keeps writers from wasting work and failing each other's commits. It is not what keeps tables
right: an owner that was suspended past its expiry may write on until its next heartbeat. Both write the same
micro-batch numbers of the same query then, of which Delta takes one.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from lakehouse.delta.locks.lease_store import Generations, Held
from lakehouse.delta.locks.liveness import EXPIRY_SECONDS
from lakehouse.delta.locks.owner import Owner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_POLL_SECONDS = 0.5
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Terms:
    """How often an owner shows that it lives, and for how long it is believed without, in seconds."""

    beat: float = 15.0
    expiry: float = EXPIRY_SECONDS


class Leases:
    """The leases of one bucket, for one command of this process.

    Args:
        s3: the client.
        bucket: the bucket's name.
        command: what this process runs, as others are told.
        terms: heartbeat and expiry; the same for everybody.
    """

    def __init__(self, s3: S3Client, *, bucket: str, command: str, terms: Terms = Terms()) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._owner = Owner.this_process(command)
        self._terms = terms

    @contextmanager
    def hold(
        self, name: str, *, wait_seconds: float = 0.0, on_lost: Callable[[], None] = lambda: None
    ) -> Iterator[threading.Event]:
        """Hold a lease until the end of the block.

        Args:
            name: what is leased, such as a table's name.
            wait_seconds: how long to wait for a living owner.
            on_lost: called by another thread as soon as somebody else has taken the lease over.

        Yields:
            An event that is set when the lease is lost.

        Raises:
            Held: its owner lives.
            Lost: it was lost within the block, whatever else the block raised.
            TransientError: the store does not answer.
        """
        generations = Generations(self._s3, self._bucket, name)
        waiting = Retrying(
            retry=retry_if_exception_type(Held),
            wait=wait_fixed(_POLL_SECONDS),
            stop=stop_after_delay(wait_seconds),
            reraise=True,
        )
        token = uuid.uuid4().hex
        number = waiting(generations.take, self._owner, token, expiry=self._terms.expiry)
        heartbeat = _Heartbeat(
            lambda: generations.renew(number, self._owner, token), every=self._terms.beat, on_lost=on_lost
        )
        try:
            with heartbeat:
                yield heartbeat.lost
        finally:
            if heartbeat.lost.is_set():
                raise generations.lost()
            generations.release(number, self._owner, token)


class _Heartbeat:
    """A thread that renews a lease until the end of the block, or until it is lost."""

    def __init__(self, renew: Callable[[], bool], *, every: float, on_lost: Callable[[], None]) -> None:
        self._renew = renew
        self._every = every
        self._on_lost = on_lost
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
        self.lost = threading.Event()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._every):
            try:
                held = self._renew()
            except (BotoCoreError, ClientError) as error:
                # Nobody else can take it over while the store is away either.
                _log.warning("the lease could not be renewed, trying again", error=type(error).__name__)
                continue
            if not held:
                self.lost.set()
                self._on_lost()
                return
