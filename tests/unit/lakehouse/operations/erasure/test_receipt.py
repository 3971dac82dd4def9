"""A receipt counts what there was, however often a run is cut off and begun again."""

from __future__ import annotations

from lakehouse.operations.erasure.receipt import Place, Record

BEGUN = Record("run", ("hash",), "2026-01-01T00:00:00+00:00")
NAME = "silver.pins_batch"


def test_a_run_after_a_kill_finds_less_and_takes_nothing_back() -> None:
    first = BEGUN.finding(NAME, rows=3).versions(NAME, before=7, after=7).finding(NAME, files=4)
    first = first.unreadable(NAME, (2, 6))

    again = first.finding(NAME, files=1).versions(NAME, before=9, after=9).unreadable(NAME, (4, 8))

    assert again.places == {NAME: Place(rows=3, files=4, before=7, after=9, unreadable=(2, 8))}
    assert again.removed == 7
    assert BEGUN.removed == 0


def test_it_has_ended_once_nothing_is_left() -> None:
    found = BEGUN.finding(NAME, rows=1)

    assert found.proved(("warehouse/x.parquet",)).ended is None
    proved = found.proved(("warehouse/x.parquet",)).proved(())
    assert (proved.traces, proved.ended is not None) == ((), True)
