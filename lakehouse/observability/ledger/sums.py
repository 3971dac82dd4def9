"""Sums of the ledger that must close."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.catalog.tables import Lane

MAX_EXAMPLES = 10


@dataclass(frozen=True)
class BalanceCheck:
    """One sum that must close. `pinlake ledger check --json` prints the attributes under these names.

    Attributes:
        lane: batch or stream.
        what: the sum, in words.
        expected: rows or records on the side they come from.
        found: rows or records on the side they go to.
        where: the first few places where the sides differ, each a sentence.
    """

    lane: str
    what: str
    expected: int
    found: int
    where: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether both sides are equal, in total and at each place."""
        return self.expected == self.found and not self.where


def check_rows(lane: Lane, what: str, rows: DataFrame, expected: Column, found: Column) -> BalanceCheck:
    """Add up both sides of micro-batches, and name the first of those where they differ. One job."""
    micro_batch = F.concat_ws(" ", F.lit("micro-batch"), "batch", F.lit("of"), "query")
    return check_sum(lane, what, rows, micro_batch, expected, found)


def check_sum(
    lane: Lane, what: str, rows: DataFrame, name: Column, expected: Column, found: Column
) -> BalanceCheck:
    """Add up both sides, and name the first rows where they differ. One job."""
    left, right = F.coalesce(expected, F.lit(0)), F.coalesce(found, F.lit(0))
    differing = F.when(left != right, F.concat(name, F.lit(": "), left, F.lit(" and "), right))
    row = rows.agg(
        F.coalesce(F.sum(left), F.lit(0)).alias("expected"),
        F.coalesce(F.sum(right), F.lit(0)).alias("found"),
        F.slice(F.array_sort(F.collect_set(differing)), 1, MAX_EXAMPLES).alias("where"),
    ).first()
    assert row is not None  # an aggregate without groups has one row
    return BalanceCheck(lane.name, what, int(row.expected), int(row.found), tuple(row["where"]))
