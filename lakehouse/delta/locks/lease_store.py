"""The generations of a lease, as objects in a bucket: taken, renewed and given back."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from foundation.errors import TransientError
from lakehouse.delta.locks import liveness
from lakehouse.delta.locks.owner import Owner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "_leases"
_NAME = re.compile(r"(\d{20})\.json")
_log = structlog.get_logger(__name__)


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
        return not self.released and liveness.is_alive(self.owner, self.age, expiry=expiry)


class Generations:
    """The objects of one lease.

    Args:
        s3: the client.
        bucket: the bucket's name.
        name: of the lease.
    """

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
                hint="Check the network and PINLAKE_S3_ENDPOINT, then run the command again.",
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
            hint="This process had not shown for too long that it lives. Nothing is lost: run it again.",
        )

    def _newest(self) -> _Generation | None:
        while numbers := self._numbers():
            try:
                found = self._s3.get_object(Bucket=self._bucket, Key=self._key(max(numbers)))
            except self._s3.exceptions.NoSuchKey:
                continue  # its successor has removed it since it was listed
            fields = json.loads(found["Body"].read())
            return _Generation(
                number=max(numbers),
                owner=Owner(**fields["owner"]),
                token=fields["token"],
                released=fields["released"],
                age=liveness.age(found),
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
            hint="Wait for its end (--wait SECONDS does) or stop it; once it is dead it is taken over.",
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
