"""A receipt counts what there was, however often a run is cut off and begun again."""

from __future__ import annotations

from lakehouse.operations.erasure.receipt import ErasureReceipt, Removal

BEGUN = ErasureReceipt("run", ("hash",), "2026-01-01T00:00:00+00:00")
NAME = "silver.pins_batch"


def test_a_run_after_a_kill_finds_less_and_takes_nothing_back() -> None:
    first = BEGUN.with_counts(NAME, rows=3).with_versions(NAME, before=7, after=7).with_counts(NAME, files=4)
    first = first.with_unreadable_versions(NAME, (2, 6))

    again = (
        first.with_counts(NAME, files=1)
        .with_versions(NAME, before=9, after=9)
        .with_unreadable_versions(NAME, (4, 8))
    )

    assert again.places == {NAME: Removal(rows=3, files=4, before=7, after=9, unreadable=(2, 8))}
    assert again.removed == 7
    assert BEGUN.removed == 0


def test_it_has_ended_once_nothing_is_left() -> None:
    found = BEGUN.with_counts(NAME, rows=1)

    assert found.with_search_result(("warehouse/x.parquet",)).ended is None
    proved = found.with_search_result(("warehouse/x.parquet",)).with_search_result(())
    assert (proved.traces, proved.ended is not None) == ((), True)
