"""`pinlake history`: who has made which version of a table."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.reader import open_store


def history(
    table: Annotated[str, typer.Argument(help="Such as silver.pins_batch.")],
    limit: Annotated[int, typer.Option(min=1, help="How many versions, newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a version.")] = False,
) -> None:
    """List the versions of a table: when and by which operation, rows in and out, which run, lane, step and
    code, and who. Times are UTC.

    Example: pinlake history silver.pins_batch --limit 5
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.query import time_travel
    from lakehouse.query.history import read_commits

    chosen = tables.find_table(table, where="history")
    newest = time_travel.table_at(open_store(settings_module.load()), chosen)
    found = [commit.as_row() for commit in read_commits(newest.log, limit=limit)]
    if as_json:
        for row in found:
            print(rows.as_json(row))
    else:
        rows.print_table(list(found[0]), [list(row.values()) for row in found])
