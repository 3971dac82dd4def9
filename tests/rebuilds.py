"""A rebuild that does not come to its end, for tests of what the next one makes of it."""

from __future__ import annotations

from itertools import islice

from pyspark.sql import SparkSession

from lakehouse import batch_lane
from lakehouse.quality.results import GateLog
from lakehouse.rebuild.publication import Publication
from lakehouse.rebuild.recomputed import recomputing
from lakehouse.rebuild.run import Request
from lakehouse.warehouse import Warehouse


def cut_off(spark: SparkSession, warehouse: Warehouse, request: Request, *, after: int) -> None:
    """Publish a rebuild no further than this many steps."""
    log = GateLog()
    batch_lane.promote_to_silver(spark, warehouse, text_policy=request.text_policy, log=log)
    with recomputing(spark, warehouse, request.days) as recomputation:
        silver = recomputation.silver(text_policy=request.text_policy)
        publication = Publication(spark, warehouse, recomputation, silver=silver, log=log)
        for step in islice(publication.steps(), after):
            step()
