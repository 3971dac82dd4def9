"""The lines that the hand-written pipeline copies to Postgres."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from benchmarks.handwritten.serving import to_csv


def test_null_is_nothing_and_text_is_quoted_where_it_must_be() -> None:
    rows = pl.DataFrame(
        {
            "category": [None, "", 'a,"b"'],
            "follower_count": [1, None, 3],
            "event_time": [datetime(2026, 1, 2, 3, 4, 5, 6, UTC)] * 3,
        }
    )
    time = "2026-01-02T03:04:05.000006+00:00"
    assert to_csv(rows).read().decode().splitlines() == [f",1,{time}", f'"",,{time}', f'"a,""b""",3,{time}']
