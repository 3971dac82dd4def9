"""Printed tables are complete: one line per row in a pipe, wrapped cells on a narrow terminal."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinlake.cli import console as output
from pinlake.cli import row_output as rows

RULE = "silver.follower_count.mostly_known"
TIME = "2026-01-31 12:00:00.123456"
LONG = "/srv/" + "a-folder-with-a-long-name/" * 60 + "kafka.log"


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def narrow_terminal() -> Iterator[Terminal]:
    """Make standard output a terminal of 80 columns without colours."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERM", "dumb")
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        yield terminal


def test_a_pipe_gets_every_row_in_one_line_however_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")

    rows.print_table(["at", "rule", "log", *"abcdefgh"], [[TIME, RULE, LONG, *range(8)]] * 2)

    header, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith(TIME)
        assert line.split()[2:] == [RULE, LONG, *map(str, range(8))]
    assert "rule" in header


def test_a_terminal_folds_what_is_too_wide() -> None:
    columns = ["at", "version", "rule", "severity", "kind", "evaluated", "unexpected", "observed", "success"]
    row = [TIME, 12, RULE, "warning", "table", 1_000, None, 0.8125, True]

    with narrow_terminal() as terminal:
        rows.print_table(columns, [row])

    text = terminal.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert _letters([text]) == _letters([*columns, *map(str, row[:6]), "null", "0.8125", "True"])


@given(cells=st.lists(st.text(alphabet="abc é-./", max_size=200), min_size=1, max_size=12))
def test_a_terminal_loses_no_letter(cells: list[str]) -> None:
    with narrow_terminal() as terminal:
        rows.print_table(["name"] * len(cells), [cells])

    assert _letters([terminal.getvalue()]) == _letters([*["name"] * len(cells), *cells])


def test_a_line_is_never_broken() -> None:
    with narrow_terminal() as terminal:
        output.console().print(f"log: {LONG}")

    assert terminal.getvalue() == f"log: {LONG}\n"


def test_what_stands_in_records_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    rows.print_table(["title"], [["[red]art[/red] :art: 12"]])
    output.console(markup=False).print("[bold] :art: 12")

    assert capsys.readouterr().out.splitlines()[1:] == ["[red]art[/red] :art: 12", "[bold] :art: 12"]


def test_numbers_stand_at_the_right_under_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    shown = output.table("table", numbers=("rows",), title="Rows")
    shown.add_row("silver.pins_batch", "12")
    output.console(stderr=True).print(shown)

    printed = capsys.readouterr()
    assert printed.out == ""
    assert [line.rstrip() for line in printed.err.splitlines()] == [
        "Rows",
        "table              rows",
        "silver.pins_batch    12",
    ]


def _letters(texts: Sequence[str]) -> Counter[str]:
    return Counter("".join("".join(texts).split()))
