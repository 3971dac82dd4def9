"""What was measured beside what was aimed at: a table for people, JSON for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pinlake.cli import console as output

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


@dataclass(frozen=True)
class Rate:
    """How fast a step goes.

    Attributes:
        step: its name.
        rows: events or rows it took.
        bytes: their size; the report's notes say what is counted.
        seconds: wall time.
        aim: rows a second it should reach.
    """

    step: str
    rows: int
    bytes: int
    seconds: float
    aim: float | None = None

    @property
    def rows_per_second(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def megabytes_per_second(self) -> float:
        """Millions of bytes a second."""
        return self.bytes / self.seconds / 1e6

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        return None if self.aim is None else self.rows_per_second >= self.aim


@dataclass(frozen=True)
class Figure:
    """One number that should be small.

    Attributes:
        name: what it is.
        value: the number.
        unit: of the number; empty for a ratio.
        aim: what it should not exceed.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        return None if self.aim is None else self.value <= self.aim


@dataclass
class Report:
    """Everything one run has measured, in the order it was measured."""

    rates: list[Rate] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        """The names of what has an aim and did not reach it."""
        slow = [rate.step for rate in self.rates if rate.reached is False]
        return slow + [figure.name for figure in self.figures if figure.reached is False]

    def as_data(self) -> dict[str, Any]:
        """Return the report as JSON's types."""
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
        """Print both tables, the notes, and which aims were missed."""
        console.print(self._rates())
        console.print()
        console.print(self._figures())
        console.print()
        for note in self.notes:
            console.print(f"- {note}")
        console.print(f"[red]missed:[/red] {', '.join(self.missed)}" if self.missed else "every aim reached")

    def _rates(self) -> Table:
        table = output.table("step", numbers=("rows", "seconds", "rows/s", "MB/s", "aim", ""))
        for rate in self.rates:
            table.add_row(
                rate.step,
                f"{rate.rows:,}",
                f"{rate.seconds:.2f}",
                f"{rate.rows_per_second:,.0f}",
                f"{rate.megabytes_per_second:.1f}",
                "" if rate.aim is None else f"{rate.aim:,.0f}",
                _word(rate.reached),
            )
        return table

    def _figures(self) -> Table:
        table = output.table("figure", numbers=("result", "at most", ""))
        for figure in self.figures:
            table.add_row(
                figure.name,
                f"{figure.value:.2f} {figure.unit}".rstrip(),
                "" if figure.aim is None else f"{figure.aim:g} {figure.unit}".rstrip(),
                _word(figure.reached),
            )
        return table


def _word(reached: bool | None) -> str:
    return {None: "", True: "[green]reached[/green]", False: "[red]missed[/red]"}[reached]
