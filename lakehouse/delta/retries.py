"""Commits that another writer of the same table was quicker than, made again."""

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
# Siblings in Python, unlike in Java. Not among them: ConcurrentTransactionException, by which Delta says that
# the same micro-batch has been written by a twin of this process.
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
    """Return attempts at a change to a table; one that meets another writer's is made again, a few times."""

    def tell(state: RetryCallState) -> None:
        log.info("another writer was first", table=table.full_name, attempt=state.attempt_number)

    def give_up(state: RetryCallState) -> None:
        raise TransientError(
            f"other writers were first {state.attempt_number} times",
            where=table.full_name,
            hint="Nothing is lost: run it again when less is going on.",
        ) from (state.outcome.exception() if state.outcome else None)

    return Retrying(
        retry=retry_if_exception_type(CONFLICTS),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(attempts),
        before_sleep=tell,
        retry_error_callback=give_up,
    )
