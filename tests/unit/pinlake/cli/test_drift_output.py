"""Printed drift: one line per field that is not as silver expects it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.observability.schema_drift.report import Drift, Field, FieldDrift
from pinlake.cli.drift_output import print_drift

DRIFT = Drift("batch", "2026-01-31T12:00:00+00:00", "2026-01-24T12:00:00+00:00", 12_345)
HEAD = "batch lane, 12,345 records since 2026-01-24T12:00"


def _field(name: str, share: float, **types: int) -> Field:
    return Field(name, types, share, "2026-01-30T10:00:00.123456+00:00")


def test_a_lane_without_drift_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_drift(DRIFT)

    assert capsys.readouterr().out.splitlines() == [HEAD, "  every field is as silver expects it"]


def test_each_kind_of_drift_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    fields = FieldDrift(
        new=[_field("colour", 0.5, string=6_000, null=172)],
        minority_type=[_field("index", 0.001, string=12)],
        changed=[_field("title", 1.0, number=12_345)],
        lost=["category"],
    )

    print_drift(replace(DRIFT, fields=fields, unlisted=1_000))

    assert capsys.readouterr().out.splitlines() == [
        HEAD,
        "  new colour: string 6,000, null 172; in 50.0% of the records, first seen 2026-01-30T10:00:00",
        "  sometimes of another type: index: string 12; in 0.1% of the records, "
        "first seen 2026-01-30T10:00:00",
        "  of another type: title: number 12,345; in 100.0% of the records, first seen 2026-01-30T10:00:00",
        "  lost category: most records do not have it",
        "  and 1,000 more fields",
    ]


@pytest.mark.parametrize("name", ["[red]", "[/]", "[bold]x[/bold]", "]["])
def test_a_name_that_looks_like_markup_is_printed_as_it_is(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_drift(replace(DRIFT, fields=FieldDrift(new=[_field(name, 0.000_9, string=1)])))

    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith(f"  new {name}: string 1; in under 0.1% of the records")
