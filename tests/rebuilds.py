"""A rebuild that does not come to its end, for tests of what the next one makes of it."""

from __future__ import annotations

from itertools import islice

from pyspark.sql import SparkSession

from lakehouse.catalog.locations import Warehouse
from lakehouse.operations.rebuild.publish import Publication
from lakehouse.operations.rebuild.recompute import recomputing
from lakehouse.operations.rebuild.run import Request
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.results import GateLog


def cut_off(spark: SparkSession, warehouse: Warehouse, request: Request, *, after: int) -> None:
    """Publish a rebuild no further than this many steps."""
    log = GateLog()
    batch_lane.promote_to_silver(spark, warehouse, text_policy=request.text_policy, log=log)
    with recomputing(spark, warehouse, request.days) as recomputation:
        silver = recomputation.silver(text_policy=request.text_policy)
        publication = Publication(spark, warehouse, recomputation, silver=silver, log=log)
        for step in islice(publication.steps(), after):
            step()
