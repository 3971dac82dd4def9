"""Where people read what a command prints: nothing is cut, and only a terminal breaks a table's cells."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def console(*, markup: bool = True, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: lines unbroken, no :word: made a picture.

    A pipe or a file has no width of its own: tables are as wide there as their cells.

    Args:
        markup: whether [red] and the like are colours; not in what comes from records.
        stderr: print to standard error instead.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else sys.maxsize
    return Console(stderr=stderr, width=width, markup=markup, highlight=False, emoji=False, soft_wrap=True)


def table(*columns: str, numbers: Sequence[str] = (), title: str | None = None) -> Table:
    """Return a table without rows; where room is short its cells go on in the next line.

    Args:
        columns: names of the columns.
        numbers: of those after them, whose cells stand at the right.
        title: above it.
    """
    made = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    for name in numbers:
        made.add_column(name, overflow="fold", justify="right")
    return made
