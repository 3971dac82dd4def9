"""A receipt counts what there was, however often the run is killed and resumed."""

from __future__ import annotations

from lakehouse.operations.erasure.receipt import ErasureReceipt, Removal

BEGUN = ErasureReceipt("run", ("hash",), "2026-01-01T00:00:00+00:00")
NAME = "silver.pins_batch"


def test_a_resumed_run_finds_less_and_lowers_no_count() -> None:
    first = BEGUN.with_counts(NAME, rows=3).with_versions(NAME, before=7, after=7).with_counts(NAME, files=4)
    first = first.with_unreadable_versions(NAME, (2, 6))

    resumed = (
        first.with_counts(NAME, files=1)
        .with_versions(NAME, before=9, after=9)
        .with_unreadable_versions(NAME, (4, 8))
    )

    assert resumed.places == {NAME: Removal(rows=3, files=4, before=7, after=9, unreadable=(2, 8))}
    assert resumed.removed == 7
    assert BEGUN.removed == 0


def test_an_erasure_has_ended_once_nothing_is_left() -> None:
    receipt = BEGUN.with_counts(NAME, rows=1)

    assert receipt.with_search_result(("warehouse/x.parquet",)).ended is None
    verified = receipt.with_search_result(("warehouse/x.parquet",)).with_search_result(())
    assert (verified.traces, verified.ended is not None) == ((), True)
