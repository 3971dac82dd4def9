"""The generations of a lease, as objects in a bucket."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass

import structlog

from foundation.errors import PinlakeError, TransientError
from foundation.object_store import ObjectStore
from lakehouse.delta.locks.owner import LockOwner

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
        return not self.released and self.owner.is_alive(self.age, expiry=expiry)


class LeaseStore:
    """The objects of one lease.

    Args:
        store: the bucket.
        name: the lease's name.
    """

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store = store
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
        newest = self._newest()
        if newest is not None and newest.is_held(expiry):
            raise self._held_error(newest)
        number = newest.number + 1 if newest else 1
        if not self._store.write_if_absent(self._key(number), _body(owner, token)):
            # Another process was first, or this request was repeated because its response was lost.
            newest = self._newest()
            if newest is None or newest.token != token:
                raise self._held_error(newest)
        if newest is not None and newest.number < number:
            _log_takeover(self._name, newest)
        self._delete_older(than=number)
        return number

    def renew(self, number: int, owner: LockOwner, token: str) -> bool:
        """Overwrite the generation; return whether it is still the highest."""
        self._store.write(self._key(number), _body(owner, token))
        return max(self._numbers(), default=number) <= number

    def release(self, number: int, owner: LockOwner, token: str) -> None:
        """Release the lease; if the store does not answer, the lease expires."""
        try:
            self._store.write(self._key(number), _body(owner, token, released=True))
        except PinlakeError as error:
            _log.warning("the lease could not be released and will expire", error=error.what)

    def lost_error(self) -> LeaseLostError:
        """Return the error that names the new owner."""
        newest = None
        with suppress(PinlakeError):
            newest = self._newest()
        return LeaseLostError(
            f"the lease on {self._name} was lost to {newest.owner if newest else 'another process'}",
            where=self._where,
            hint="This process had sent no heartbeat for too long. Nothing is lost: run it again.",
        )

    def _newest(self) -> _Generation | None:
        while numbers := self._numbers():
            content = self._store.get(self._key(max(numbers)))
            if content is None:
                continue  # its successor has deleted it since it was listed
            fields = json.loads(content.body)
            return _Generation(
                number=max(numbers),
                owner=LockOwner.from_dict(fields["owner"]),
                token=fields["token"],
                released=fields["released"],
                age=content.age,
            )
        return None

    def _delete_older(self, *, than: int) -> None:
        for number in self._numbers():
            if number < than:
                self._store.delete(self._key(number))

    def _numbers(self) -> list[int]:
        names = [key.removeprefix(self._prefix) for key in self._store.list_keys(self._prefix)]
        # A store on a file system may list unfinished uploads, whose names have a suffix.
        return [int(match[1]) for name in names if (match := _NAME.fullmatch(name))]

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:020}.json"

    @property
    def _where(self) -> str:
        return f"s3://{self._store.bucket}/{self._prefix}"

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
