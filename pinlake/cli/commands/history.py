"""`pinlake history`: the versions of a table and who wrote them."""

from __future__ import annotations

from typing import Annotated

import typer

from pinlake.cli import row_output as rows
from pinlake.cli.options import AsJson, TableName


def history(
    table: TableName,
    limit: Annotated[int, typer.Option(min=1, help="How many versions, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the versions of a table: time (UTC), operation, rows in and out, run, lane, step, code version,
    and writer.

    Example: pinlake history silver.pins_batch --limit 5
    """  # noqa: D205  # typer prints the first paragraph as the command's line
    from foundation import settings as settings_module
    from lakehouse.catalog import tables
    from lakehouse.query import time_travel
    from lakehouse.query.history import read_commits
    from lakehouse.query.table_store import TableStore

    selected = tables.find_table(table, where="history")
    newest = time_travel.table_at(TableStore(settings_module.load().s3), selected)
    commit_rows = [commit.as_row() for commit in read_commits(newest.log, limit=limit)]
    if as_json:
        for row in commit_rows:
            print(rows.as_json(row))
    else:
        rows.print_table(list(commit_rows[0]), [list(row.values()) for row in commit_rows])
