"""The report of results and aims: a table for people, JSON for machines."""

from __future__ import annotations

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
        seconds: wall time.
        aim: rows per second it should reach.
    """

    step: str
    rows: int
    bytes: int
    seconds: float
    aim: float | None = None

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
    """

    name: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None if there is no aim."""
        return None if self.aim is None else self.value <= self.aim


@dataclass
class Report:
    """The results of one run, in the order of measurement."""

    rates: list[Rate] = field(default_factory=list)
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
        return {"rates": rates, "figures": figures, "notes": self.notes, "missed": self.missed}

    def print(self, console: Console) -> None:
        """Print both tables, the notes and the missed aims."""
        console.print(self._build_rates_table())
        console.print()
        console.print(self._build_figures_table())
        console.print()
        for note in self.notes:
            console.print(f"- {note}")
        console.print(f"[red]missed:[/red] {', '.join(self.missed)}" if self.missed else "every aim reached")

    def _build_rates_table(self) -> Table:
        table = output.table("step", numbers=("rows", "seconds", "rows/s", "MB/s", "aim", ""))
        for rate in self.rates:
            table.add_row(
                rate.step,
                f"{rate.rows:,}",
                f"{rate.seconds:.2f}",
                f"{rate.rows_per_second:,.0f}",
                f"{rate.megabytes_per_second:.1f}",
                "" if rate.aim is None else f"{rate.aim:,.0f}",
                _describe(rate.reached),
            )
        return table

    def _build_figures_table(self) -> Table:
        table = output.table("figure", numbers=("result", "at most", ""))
        for figure in self.figures:
            table.add_row(
                figure.name,
                f"{figure.value:.2f} {figure.unit}".rstrip(),
                "" if figure.aim is None else f"{figure.aim:g} {figure.unit}".rstrip(),
                _describe(figure.reached),
            )
        return table


def _describe(reached: bool | None) -> str:
    return {None: "", True: "[green]reached[/green]", False: "[red]missed[/red]"}[reached]
