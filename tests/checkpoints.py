"""Checkpoints on a local disk, for tests of the state after a crash."""

from __future__ import annotations

import shutil
from pathlib import Path

from lakehouse.catalog.tables import Table
from lakehouse.delta.lake import DeltaLake


def forget_last_commit(lake: DeltaLake, table: Table) -> None:
    """Bring a step's checkpoint into the state after a crash between the table's commit and its own."""
    checkpoint = Path(lake.checkpoint(table.full_name).url.removeprefix("file:"))
    commits = sorted((checkpoint / "commits").glob("[0-9]*"), key=lambda path: int(path.name))
    commits[-1].unlink()
    (checkpoint / "commits" / f".{commits[-1].name}.crc").unlink(missing_ok=True)
    shutil.rmtree(checkpoint / "state", ignore_errors=True)
