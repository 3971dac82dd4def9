"""An older version of a table made its newest."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.catalog.tables import PUBLISHED, STREAM, Table
from lakehouse.delta import commit_info
from lakehouse.delta.commit_info import Step
from lakehouse.delta.lake import DeltaLake
from lakehouse.delta.retries import retry_on_conflict
from lakehouse.quality.publish import publish, published_version
from lakehouse.quality.results import GateStats


def restore(lake: DeltaLake, table: Table, version: int) -> int:
    """Make a table what it was at a version, in a new one, and return that.

    Files are taken up again and others dropped, none is written: one small job, and two that count rows
    from statistics. The commit info says by how many rows the table grows, so that the ledger closes.

    Args:
        lake: the lakehouse.
        table: the table; its steps must not be at work.
        version: one whose files are all there.
    """
    lane = STREAM if table in STREAM.tables else None
    for attempt in retry_on_conflict(table):
        with attempt:
            then = lake.read(table, version=version).count()
            net = then - lake.read(table).count()
            begun = commit_info.begin(lane=lane.name if lane else "batch", step=Step.RESTORE)
            info = replace(begun, query=f"{Step.RESTORE}/{begun.run}", restored=version, net=net)
            lake.delta_table(table, lake.session_with_commit_info(info)).restoreToVersion(version)
    return lake.version(table)


def let_readers_see(lake: DeltaLake, table: Table) -> int | None:
    """Audit and publish the newest version of a table that is published; return which one readers see.

    Raises:
        AuditFailedError: a critical rule does not hold; readers keep what they had.
    """
    if table not in PUBLISHED:
        return None
    publish(lake, table, gates=GateStats())
    return published_version(lake, table)
