"""The report of rates, figures and missed aims."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmarks.report import Figure, Pair, Rate, Report


@pytest.fixture
def report() -> Report:
    return Report(
        rates=[
            Rate("consumer", rows=120_000, bytes=96_000_000, seconds=2.0, aim=60_000),
            Rate("silver", rows=10_000, bytes=8_000_000, seconds=1.0, aim=30_000),
            Rate("gold", rows=10_000, bytes=8_000_000, seconds=4.0, runs=(2_000.0, 3_000.0)),
        ],
        pairs=[Pair("batch lane", 100_000, ours=(4.0, 6.0), by_hand=(1.0, 1.5, 3.0))],
        figures=[
            Figure("latency, p50", 5.0, "s", aim=5, runs=(4.5, 5.25)),
            Figure("peak memory", 5.1, "GiB", aim=5),
        ],
        notes=["2 cores"],
    )


def test_a_rate_is_rows_and_megabytes_a_second(report: Report) -> None:
    assert report.rates[0].rows_per_second == 60_000
    assert report.rates[0].megabytes_per_second == 48


def test_a_rate_reaches_its_aim_at_it_and_above_a_figure_at_it_and_below(report: Report) -> None:
    assert [rate.reached for rate in report.rates] == [True, False, None]
    assert [figure.reached for figure in report.figures] == [True, False]
    assert report.missed == ["silver", "peak memory"]


def test_machines_get_every_number_and_what_was_missed(report: Report) -> None:
    data = report.as_data()
    assert data["rates"][1] == {
        "step": "silver",
        "rows": 10_000,
        "bytes": 8_000_000,
        "seconds": 1.0,
        "aim": 30_000,
        "runs": (),
        "rows_per_second": 10_000,
        "megabytes_per_second": 8,
        "reached": False,
    }
    assert data["figures"][1]["value"] == 5.1
    assert data["pairs"] == [
        {
            "step": "batch lane",
            "rows": 100_000,
            "ours": (4.0, 6.0),
            "by_hand": (1.0, 1.5, 3.0),
            "ratio": 3.33,
        }
    ]
    assert data["missed"] == ["silver", "peak memory"]


def test_people_get_tables_notes_and_a_verdict(report: Report) -> None:
    text = _printed(report)
    assert "60,000" in text and "48.0" in text and "5.10 GiB" in text
    assert "2,000 to 3,000" in text and "4.50 to 5.25" in text
    assert "- 2 cores" in text
    assert "missed: silver, peak memory" in text


def test_a_pair_shows_medians_spreads_and_the_ratio(report: Report) -> None:
    (line,) = (line for line in _printed(report).splitlines() if line.startswith("batch lane"))
    assert line.split() == [
        "batch",
        "lane",
        "100,000",
        "5.00",
        "4.00",
        "to",
        "6.00",
        "1.50",
        "1.00",
        "to",
        "3.00",
        "3.3",
    ]


def test_a_run_without_a_miss_says_so() -> None:
    assert "every aim reached" in _printed(Report())


def _printed(report: Report) -> str:
    console = Console(file=io.StringIO(), width=120)
    report.print(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
