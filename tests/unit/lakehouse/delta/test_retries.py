"""Retries: a conflict is tried again, a bounded number of times; every other error is raised at once."""

from __future__ import annotations

import pytest
from delta.exceptions import ConcurrentTransactionException

from foundation.errors import TransientError
from lakehouse.catalog.tables import BATCH
from lakehouse.delta.retries import CONFLICTS, retry_on_conflict


class Commit:
    """A commit that raises the given errors, one per attempt, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.attempts = 0
        self.waits: list[float] = []

    def write(self) -> str:
        self.attempts += 1
        if self._errors:
            raise self._errors.pop(0)
        return "committed"

    def retry(self, *, attempts: int = 8) -> object:
        retrying = retry_on_conflict(BATCH.silver, attempts=attempts).copy(sleep=self.waits.append)
        return retrying(self.write)


@pytest.mark.parametrize("conflict", CONFLICTS, ids=lambda conflict: conflict.__name__)
def test_a_conflict_is_followed_by_another_attempt(conflict: type[Exception]) -> None:
    commit = Commit(conflict("another writer"))

    assert commit.retry() == "committed"
    assert commit.attempts == 2


def test_waits_are_random_and_bounded() -> None:
    commit = Commit(*(CONFLICTS[0]("another writer") for _ in range(7)))

    assert commit.retry() == "committed"
    assert len(commit.waits) == 7
    assert all(0 <= wait <= 5 for wait in commit.waits)
    assert len(set(commit.waits)) > 1


def test_the_last_conflict_is_reported_with_the_table() -> None:
    commit = Commit(*(CONFLICTS[0](f"conflict {number}") for number in (1, 2, 3)))

    with pytest.raises(TransientError) as raised:
        commit.retry(attempts=3)

    assert raised.value.what == "other writers committed first in all 3 attempts"
    assert raised.value.where == "silver.pins_batch"
    assert raised.value.hint == "Nothing is lost: run it again when fewer commands are writing."
    assert "conflict 3" in str(raised.value.__cause__)
    assert commit.attempts == 3


@pytest.mark.parametrize(
    "error", [ValueError("no conflict"), ConcurrentTransactionException("written by another process")]
)
def test_any_other_error_is_raised_at_once(error: Exception) -> None:
    commit = Commit(error)

    with pytest.raises(type(error)) as raised:
        commit.retry()

    assert raised.value is error
    assert commit.attempts == 1
