"""The report of results and aims: a table for people, JSON for machines."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pinlake.cli import console as output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True)
class Rate:
    """The speed of a step.

    Attributes:
        step: its name.
        rows: events or rows it processed.
        bytes: their size; the report's notes say what they count.
        seconds: wall time, of all runs together.
        aim: rows per second it should reach.
        runs: rows per second of each run, if there were several.
    """

    step: str
    rows: int
    bytes: int
    seconds: float
    aim: float | None = None
    runs: tuple[float, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds

    @property
    def megabytes_per_second(self) -> float:
        """Millions of bytes per second."""
        return self.bytes / self.seconds / 1e6

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None if there is no aim."""
        return None if self.aim is None else self.rows_per_second >= self.aim


@dataclass(frozen=True)
class Figure:
    """One number that should be small.

    Attributes:
        name: what it measures.
        value: the result.
        unit: of the value; empty for a ratio.
        aim: the value it should not exceed.
        runs: the value of each run, if there were several.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    runs: tuple[float, ...] = ()

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None if there is no aim."""
        return None if self.aim is None else self.value <= self.aim


@dataclass(frozen=True)
class Pair:
    """A step of Pinlake and the same step of the hand-written pipeline, measured in turns.

    Attributes:
        step: its name.
        rows: rows of each run.
        ours: the seconds of each run of Pinlake.
        by_hand: the seconds of each run of the hand-written pipeline.
    """

    step: str
    rows: int
    ours: tuple[float, ...]
    by_hand: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as long Pinlake takes, by the medians of the runs."""
        return statistics.median(self.ours) / statistics.median(self.by_hand)


@dataclass
class Report:
    """The results of one run, in the order of measurement."""

    rates: list[Rate] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        """The names of the results that missed their aim."""
        slow = [rate.step for rate in self.rates if rate.reached is False]
        return slow + [figure.name for figure in self.figures if figure.reached is False]

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON-compatible data."""
        rates = [
            asdict(rate)
            | {
                "rows_per_second": round(rate.rows_per_second, 1),
                "megabytes_per_second": round(rate.megabytes_per_second, 2),
                "reached": rate.reached,
            }
            for rate in self.rates
        ]
        figures = [asdict(figure) | {"reached": figure.reached} for figure in self.figures]
        pairs = [asdict(pair) | {"ratio": round(pair.ratio, 2)} for pair in self.pairs]
        return {
            "rates": rates,
            "pairs": pairs,
            "figures": figures,
            "notes": self.notes,
            "missed": self.missed,
        }

    def print(self, console: Console) -> None:
        """Print the tables, the notes and the missed aims."""
        for table in (self._build_rates_table(), self._build_pairs_table(), self._build_figures_table()):
            console.print(table)
            console.print()
        for note in self.notes:
            console.print(f"- {note}")
        console.print(f"[red]missed:[/red] {', '.join(self.missed)}" if self.missed else "every aim reached")

    def _build_rates_table(self) -> Table:
        table = output.table("step", numbers=("rows", "seconds", "rows/s", "of each run", "MB/s", "aim", ""))
        for rate in self.rates:
            table.add_row(
                rate.step,
                f"{rate.rows:,}",
                f"{rate.seconds:.2f}",
                f"{rate.rows_per_second:,.0f}",
                _describe_spread(rate.runs, ",.0f"),
                f"{rate.megabytes_per_second:.1f}",
                "" if rate.aim is None else f"{rate.aim:,.0f}",
                _describe(rate.reached),
            )
        return table

    def _build_pairs_table(self) -> Table:
        """Return the table of pairs: seconds as the median of the runs, and the least and the most."""
        columns = ("rows", "pinlake, s", "of each run", "by hand, s", "of each run", "pinlake / by hand")
        table = output.table("step, in turns with the hand-written pipeline", numbers=columns)
        for pair in self.pairs:
            table.add_row(
                pair.step,
                f"{pair.rows:,}",
                f"{statistics.median(pair.ours):.2f}",
                _describe_spread(pair.ours, ".2f"),
                f"{statistics.median(pair.by_hand):.2f}",
                _describe_spread(pair.by_hand, ".2f"),
                f"{pair.ratio:.1f}",
            )
        return table

    def _build_figures_table(self) -> Table:
        table = output.table("figure", numbers=("result", "of each run", "at most", ""))
        for figure in self.figures:
            table.add_row(
                figure.name,
                f"{figure.value:.2f} {figure.unit}".rstrip(),
                _describe_spread(figure.runs, ".2f"),
                "" if figure.aim is None else f"{figure.aim:g} {figure.unit}".rstrip(),
                _describe(figure.reached),
            )
        return table


def _describe(reached: bool | None) -> str:
    return {None: "", True: "[green]reached[/green]", False: "[red]missed[/red]"}[reached]


def _describe_spread(runs: tuple[float, ...], spec: str) -> str:
    return f"{min(runs):{spec}} to {max(runs):{spec}}" if runs else ""
