"""Restore of a table to an older version."""

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
    """Create a new version of a table that equals an older one, and return its number.

    Adds and removes files in the log and writes none. Costs one small job, and two that count rows from
    statistics. The commit info has the net change of rows, so that the ledger closes.

    Args:
        lake: the lakehouse.
        table: the table; no step may write it meanwhile.
        version: the older version, all of whose files still exist.
    """
    lane = STREAM if table in STREAM.tables else None
    for attempt in retry_on_conflict(table):
        with attempt:
            rows = lake.read(table, version=version).count()
            net = rows - lake.read(table).count()
            info = commit_info.begin(lane=lane.name if lane else "batch", step=Step.RESTORE)
            info = replace(info, query=f"{Step.RESTORE}/{info.run}", restored=version, net=net)
            lake.delta_table(table, lake.session_with_commit_info(info)).restoreToVersion(version)
    return lake.version(table)


def publish_restored(lake: DeltaLake, table: Table) -> int | None:
    """Audit and publish the newest version; return the version that readers see.

    Returns None for a table whose versions are not published.

    Raises:
        AuditFailedError: a critical rule fails; readers keep the version they had.
    """
    if table not in PUBLISHED:
        return None
    publish(lake, table, gates=GateStats())
    return published_version(lake, table)
