"""Delta properties of tables, which are stored in a table and followed by every writer."""

from __future__ import annotations

from lakehouse.catalog.tables import Table


def table_properties(table: Table) -> dict[str, str]:
    """Return the Delta properties of a table."""
    values = {
        "delta.deletedFileRetentionDuration": f"interval {table.retention_days} days",
        # A version that is no longer in the log cannot be read, whether or not its files still exist.
        "delta.logRetentionDuration": f"interval {max(table.retention_days, 30)} days",
    }
    if table.change_feed:
        values["delta.enableChangeDataFeed"] = "true"
    if table.statistics:
        values["delta.dataSkippingStatsColumns"] = ",".join(f"`{name}`" for name in table.statistics)
    return values
