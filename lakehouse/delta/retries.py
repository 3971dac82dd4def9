"""Retries of commits that conflict with another writer of the same table."""

from __future__ import annotations

import structlog
from delta.exceptions import (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from foundation.errors import TransientError
from lakehouse.catalog.tables import Table

log = structlog.get_logger()

_ATTEMPTS = 8
# Siblings in Python, unlike in Java. ConcurrentTransactionException is left out: it means that the same
# micro-batch has been written by another process.
CONFLICTS = (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)


def retry_on_conflict(table: Table, *, attempts: int = _ATTEMPTS) -> Retrying:
    """Return the attempts of a change to a table, as a loop of context managers.

    An attempt that conflicts with another writer's commit is followed by another, after a random wait.

    Args:
        table: the table, for log and error.
        attempts: the number of attempts.

    Raises:
        TransientError: every attempt met a conflict.
    """

    def log_conflict(state: RetryCallState) -> None:
        log.info("another writer was first", table=table.full_name, attempt=state.attempt_number)

    def give_up(state: RetryCallState) -> None:
        raise TransientError(
            f"other writers committed first in all {state.attempt_number} attempts",
            where=table.full_name,
            hint="Nothing is lost: run it again when fewer commands are writing.",
        ) from (state.outcome.exception() if state.outcome else None)

    return Retrying(
        retry=retry_if_exception_type(CONFLICTS),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(attempts),
        before_sleep=log_conflict,
        retry_error_callback=give_up,
    )
