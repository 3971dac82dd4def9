"""The console of a command: nothing is cut off, and only a terminal wraps the cells of a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def console(*, markup: bool = True, stderr: bool = False) -> Console:
    """Return a console that prints text unchanged: it does not wrap lines or replace :word: by an emoji.

    A pipe or a file has no width, so tables are as wide as their cells there.

    Args:
        markup: read [red] and the like as colours; False for text from records.
        stderr: print to standard error instead of standard output.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else sys.maxsize
    return Console(stderr=stderr, width=width, markup=markup, highlight=False, emoji=False, soft_wrap=True)


def table(*columns: str, numbers: Sequence[str] = (), title: str | None = None) -> Table:
    """Return a table without rows; cells that are too wide continue in the next line.

    Args:
        columns: names of the columns.
        numbers: names of the right-aligned columns that follow.
        title: title above the table.
    """
    new = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for name in columns:
        new.add_column(name, overflow="fold")
    for name in numbers:
        new.add_column(name, overflow="fold", justify="right")
    return new
