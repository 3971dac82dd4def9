"""The generations of a lease, as objects in a bucket."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import TransientError
from lakehouse.delta.locks import liveness
from lakehouse.delta.locks.owner import LockOwner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FOLDER = "_leases"
_NAME = re.compile(r"(\d{20})\.json")
_log = structlog.get_logger(__name__)


class LeaseHeldError(TransientError):
    """Another process holds the lease."""


class LeaseLostError(TransientError):
    """Another process has taken over a lease that this process held."""


@dataclass(frozen=True)
class _Generation:
    """One object of a lease.

    Attributes:
        number: the generation's number.
        owner: the process that created it.
        token: distinguishes one hold from another by the same process.
        released: whether its owner has released it.
        age: seconds since it was last written.
    """

    number: int
    owner: LockOwner
    token: str
    released: bool
    age: float

    def is_held(self, expiry: float) -> bool:
        return not self.released and liveness.is_alive(self.owner, self.age, expiry=expiry)


class LeaseStore:
    """The objects of one lease.

    Args:
        s3: the client.
        bucket: the bucket's name.
        name: the lease's name.
    """

    def __init__(self, s3: S3Client, bucket: str, name: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._name = name
        self._prefix = f"{_FOLDER}/{name}/"

    def acquire(self, owner: LockOwner, token: str, *, expiry: float) -> int:
        """Create the next generation and return its number; earlier generations are deleted.

        Args:
            owner: this process.
            token: distinguishes this hold from others by the same process.
            expiry: after how many seconds without a heartbeat an owner counts as dead.

        Raises:
            LeaseHeldError: its owner is alive.
            TransientError: the store does not answer.
        """
        try:
            newest = self._newest()
            if newest is not None and newest.is_held(expiry):
                raise self._held_error(newest)
            number = newest.number + 1 if newest else 1
            if not self._create(number, _body(owner, token)):
                # Another process was first, or boto3 has repeated this request because its response was lost.
                newest = self._newest()
                if newest is None or newest.token != token:
                    raise self._held_error(newest)
            if newest is not None and newest.number < number:
                _log_takeover(self._name, newest)
            self._delete_older(than=number)
            return number
        except (BotoCoreError, ClientError) as error:
            raise TransientError(
                f"the lease on {self._name} could not be requested: {_reason(error)}",
                where=self._where,
                hint="Check the network and PINLAKE_S3_ENDPOINT, then run the command again.",
            ) from None

    def renew(self, number: int, owner: LockOwner, token: str) -> bool:
        """Overwrite the generation; return whether it is still the highest."""
        self._s3.put_object(Bucket=self._bucket, Key=self._key(number), Body=_body(owner, token))
        return max(self._numbers(), default=number) <= number

    def release(self, number: int, owner: LockOwner, token: str) -> None:
        """Release the lease; if the store does not answer, the lease expires."""
        body = _body(owner, token, released=True)
        try:
            self._s3.put_object(Bucket=self._bucket, Key=self._key(number), Body=body)
        except (BotoCoreError, ClientError) as error:
            _log.warning("the lease could not be released and will expire", error=_reason(error))

    def lost_error(self) -> LeaseLostError:
        """Return the error that names the new owner."""
        try:
            newest = self._newest()
        except (BotoCoreError, ClientError):
            newest = None
        return LeaseLostError(
            f"the lease on {self._name} was lost to {newest.owner if newest else 'another process'}",
            where=self._where,
            hint="This process had sent no heartbeat for too long. Nothing is lost: run it again.",
        )

    def _newest(self) -> _Generation | None:
        while numbers := self._numbers():
            try:
                response = self._s3.get_object(Bucket=self._bucket, Key=self._key(max(numbers)))
            except self._s3.exceptions.NoSuchKey:
                continue  # its successor has deleted it since it was listed
            fields = json.loads(response["Body"].read())
            return _Generation(
                number=max(numbers),
                owner=LockOwner.from_dict(fields["owner"]),
                token=fields["token"],
                released=fields["released"],
                age=liveness.age(response),
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

    def _delete_older(self, *, than: int) -> None:
        for number in self._numbers():
            if number < than:
                self._s3.delete_object(Bucket=self._bucket, Key=self._key(number))

    def _numbers(self) -> list[int]:
        # One page of a thousand is enough: each new owner deletes the older generations.
        page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix)
        names = [entry["Key"].removeprefix(self._prefix) for entry in page.get("Contents", [])]
        # A store on a file system may list unfinished uploads, whose names have a suffix.
        return [int(match[1]) for name in names if (match := _NAME.fullmatch(name))]

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:020}.json"

    @property
    def _where(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def _held_error(self, generation: _Generation | None) -> LeaseHeldError:
        return LeaseHeldError(
            f"{self._name} is being written by {generation.owner if generation else 'another process'}",
            where=self._where,
            hint="Wait for its end (--wait SECONDS does) or stop it; a dead owner loses the lease.",
        )


def _body(owner: LockOwner, token: str, *, released: bool = False) -> bytes:
    return json.dumps({"owner": owner.as_dict(), "token": token, "released": released}).encode()


def _log_takeover(name: str, previous: _Generation) -> None:
    if not previous.released:
        _log.warning("lease taken over from a dead owner", lease=name, owner=str(previous.owner))


def _reason(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "unknown")
    return type(error).__name__
