"""Leases on the object store: whoever holds one is the only process that writes a table.

`_leases/<name>/<generation>.json` is created with If-None-Match, so that each generation has one owner; the
highest generation holds the lease. Its owner overwrites the object as a heartbeat, and once more when it
releases it. Age is told by the store's clock alone: hosts need not agree on the time.

The lease keeps writers from wasting work and failing each other's commits. It is not what keeps tables
right: an owner that was suspended past its expiry may write on until its next heartbeat. Both write the same
micro-batch numbers of the same query then, of which Delta takes one.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from lakehouse.owner import Owner
from pinlake.errors import TransientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "_leases"
_POLL_SECONDS = 0.5
_NAME = re.compile(r"(\d{20})\.json")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Terms:
    """How often an owner shows that it lives, and for how long it is believed without, in seconds."""

    beat: float = 15.0
    expiry: float = 60.0


class Held(TransientError):
    """Somebody else holds the lease."""


class Lost(TransientError):
    """Somebody else has taken the lease over while it was held here."""


@dataclass(frozen=True)
class _Generation:
    """One object of a lease.

    Attributes:
        number: of the generation.
        owner: the process it was created by.
        token: tells one hold from another of the same process.
        released: whether its owner has given it back.
        age: seconds since it was last written.
    """

    number: int
    owner: Owner
    token: str
    released: bool
    age: float

    def holds(self, expiry: float) -> bool:
        return not (self.released or self.age > expiry or self.owner.has_ended())


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
        objects = _Objects(self._s3, self._bucket, name)
        waiting = Retrying(
            retry=retry_if_exception_type(Held),
            wait=wait_fixed(_POLL_SECONDS),
            stop=stop_after_delay(wait_seconds),
            reraise=True,
        )
        token = uuid.uuid4().hex
        number = waiting(objects.take, self._owner, token, expiry=self._terms.expiry)
        heartbeat = _Heartbeat(
            lambda: objects.renew(number, self._owner, token), every=self._terms.beat, on_lost=on_lost
        )
        try:
            with heartbeat:
                yield heartbeat.lost
        finally:
            if heartbeat.lost.is_set():
                raise objects.lost()
            objects.release(number, self._owner, token)


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


class _Objects:
    """The objects of one lease."""

    def __init__(self, s3: S3Client, bucket: str, name: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._name = name
        self._prefix = f"{PREFIX}/{name}/"

    def take(self, owner: Owner, token: str, *, expiry: float) -> int:
        """Create the next generation and return its number; earlier ones are removed."""
        try:
            newest = self._newest()
            if newest is not None and newest.holds(expiry):
                raise self._held(newest)
            number = newest.number + 1 if newest else 1
            if not self._create(number, _body(owner, token)):
                # Somebody was quicker; or it was this very request, sent again because its answer was lost.
                newest = self._newest()
                if newest is None or newest.token != token:
                    raise self._held(newest)
            if newest is not None and newest.number < number:
                _tell_takeover(self._name, newest)
            self._forget(older_than=number)
            return number
        except (BotoCoreError, ClientError) as error:
            raise TransientError(
                f"the lease on {self._name} could not be asked for: {_reason(error)}",
                where=self._where,
                mend="Check the network and PINLAKE_S3_ENDPOINT, then run the command again.",
            ) from None

    def renew(self, number: int, owner: Owner, token: str) -> bool:
        """Overwrite the generation; return whether it is the highest still."""
        self._s3.put_object(Bucket=self._bucket, Key=self._key(number), Body=_body(owner, token))
        return max(self._numbers(), default=number) <= number

    def release(self, number: int, owner: Owner, token: str) -> None:
        """Give the lease back; if the store is away, it expires."""
        body = _body(owner, token, released=True)
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._key(number), Body=body)
        except (BotoCoreError, ClientError) as error:
            _log.warning("the lease could not be released and will expire", error=_reason(error))

    def lost(self) -> Lost:
        """Return the error that tells who has it now."""
        try:
            newest = self._newest()
        except (BotoCoreError, ClientError):
            newest = None
        return Lost(
            f"the lease on {self._name} was lost to {newest.owner if newest else 'another process'}",
            where=self._where,
            mend="This process had not shown for too long that it lives. Nothing is lost: run it again.",
        )

    def _newest(self) -> _Generation | None:
        while numbers := self._numbers():
            try:
                found = self._s3.get_object(Bucket=self._bucket, Key=self._key(max(numbers)))
            except self._s3.exceptions.NoSuchKey:
                continue  # its successor has removed it since it was listed
            now = parsedate_to_datetime(found["ResponseMetadata"]["HTTPHeaders"]["date"])
            fields = json.loads(found["Body"].read())
            return _Generation(
                number=max(numbers),
                owner=Owner(**fields["owner"]),
                token=fields["token"],
                released=fields["released"],
                age=(now - found["LastModified"]).total_seconds(),
            )
        return None

    def _create(self, number: int, body: bytes) -> bool:
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._key(number), Body=body, IfNoneMatch="*")
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT):
                return False
            raise
        return True

    def _forget(self, *, older_than: int) -> None:
        for number in self._numbers():
            if number < older_than:
                self._s3.delete_object(Bucket=self._bucket, Key=self._key(number))

    def _numbers(self) -> list[int]:
        # A page holds a thousand; successors remove what is older.
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        names = [found["Key"].removeprefix(self._prefix) for found in listed.get("Contents", [])]
        # A store on a file system may list what is still being uploaded, under a name that goes on.
        return [int(match[1]) for name in names if (match := _NAME.fullmatch(name))]

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:020}.json"

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def _held(self, generation: _Generation | None) -> Held:
        return Held(
            f"{self._name} is being written by {generation.owner if generation else 'another process'}",
            where=self._where,
            mend="Wait for its end (--wait SECONDS does) or stop it; once it is dead it is taken over.",
        )


def _body(owner: Owner, token: str, *, released: bool = False) -> bytes:
    return json.dumps({"owner": asdict(owner), "token": token, "released": released}).encode()


def _tell_takeover(name: str, left: _Generation) -> None:
    if not left.released:
        _log.warning("lease taken over from a dead owner", lease=name, owner=str(left.owner))


def _reason(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__
