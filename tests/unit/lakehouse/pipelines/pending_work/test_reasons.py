"""Reasons to start Spark: the first one is enough, and an error is one, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from foundation.errors import TerminalError
from lakehouse.catalog.columns import columns_of
from lakehouse.catalog.downstream_steps import DOWNSTREAM_STEPS, DownstreamStep
from lakehouse.catalog.tables import BATCH
from lakehouse.pipelines.pending_work.reasons import find_reason, missing_columns, unread_changes
from tests.unit.lakehouse.pipelines.pending_work.lakes import SettledLake

INVALID = TerminalError("a suite is invalid", where="expectations", hint="Fix it.")


def test_the_first_reason_is_enough() -> None:
    def find() -> Iterator[str]:
        yield "a reason"
        pytest.fail("looked on")

    assert find_reason(find) == "a reason"


def test_no_reason_means_that_nothing_is_to_be_done() -> None:
    assert find_reason(lambda: iter(())) is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (INVALID, str(INVALID)),
        (KeyError("index"), "'index'"),
        (ValueError(), "ValueError"),
        (TypeError("a\nb"), "a"),
    ],
)
def test_what_cannot_be_read_is_a_reason(error: Exception, reason: str) -> None:
    def find() -> Iterator[str]:
        raise error
        yield ""

    assert find_reason(find) == reason


def test_a_defect_is_not_hidden() -> None:
    def find() -> Iterator[str]:
        raise AssertionError
        yield ""

    with pytest.raises(AssertionError):
        find_reason(find)


def test_a_column_that_only_a_newer_version_knows_is_no_reason() -> None:
    lake = SettledLake()
    (state,) = lake.open_tables([BATCH.silver])
    newer = type(state)(state.table, state.id, state.version, state.columns | {"board"})

    assert list(missing_columns([newer])) == []
    assert len(newer.columns) == len(columns_of(BATCH.silver)) + 1


@pytest.mark.parametrize("reader", DOWNSTREAM_STEPS, ids=lambda reader: reader.name)
def test_a_reader_at_the_end_of_its_table_has_nothing_to_read(reader: DownstreamStep) -> None:
    lake = SettledLake()
    (source,) = lake.open_tables([reader.reads])

    assert list(unread_changes(lake, source, lake.checkpoint(reader.checkpoint))) == []
    lake.commit(reader.reads)
    (source,) = lake.open_tables([reader.reads])
    assert len(list(unread_changes(lake, source, lake.checkpoint(reader.checkpoint)))) == 1
