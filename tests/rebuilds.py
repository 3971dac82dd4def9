"""An interrupted rebuild, for tests of the next rebuild."""

from __future__ import annotations

from itertools import islice

from lakehouse.delta.lake import DeltaLake
from lakehouse.operations.rebuild.publish import Publication
from lakehouse.operations.rebuild.recompute import open_recomputation
from lakehouse.operations.rebuild.run import RebuildRequest
from lakehouse.pipelines import batch as batch_lane
from lakehouse.quality.results import GateStats


def cut_off(lake: DeltaLake, request: RebuildRequest, *, after: int) -> None:
    """Publish the first `after` steps of a rebuild."""
    stats = GateStats()
    batch_lane.write_silver(lake, text_policy=request.text_policy, stats=stats)
    with open_recomputation(lake, request.days) as recomputation:
        silver = recomputation.recompute_silver(text_policy=request.text_policy)
        publication = Publication(lake, recomputation, silver=silver, stats=stats)
        for step in islice(publication.list_steps(), after):
            step()
