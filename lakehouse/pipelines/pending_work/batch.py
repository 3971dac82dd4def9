"""Pending work of the batch lane's steps.

Each function yields the reasons why a step has work, or might have; without a reason the step would change
nothing. The caller holds the step's lock, so that no other process changes what the step writes. Whatever the
state does not say clearly is a reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lakehouse.catalog.tables import BATCH, CATEGORY_DAILY
from lakehouse.delta.source_log import read_found_files
from lakehouse.pipelines.pending_work.lake_state import LakeState
from lakehouse.pipelines.pending_work.reasons import (
    UNSETTLED,
    changed_suite,
    missing_columns,
    unpublished,
    unread_changes,
)

_LANDING_SUFFIX = ".jsonl.gz"


def bronze_work(lake: LakeState) -> Iterator[str]:
    """Yield why `run_bronze` has work: landing objects that it has not read, or what a run left undone."""
    landed = lake.list_landed()
    if not landed:
        return
    (bronze,) = lake.open_tables([BATCH.bronze])
    yield from missing_columns([bronze])
    yield from _unread_objects(lake, landed)
    yield from unpublished(bronze, lake.read_published(BATCH.bronze))


def silver_work(lake: LakeState) -> Iterator[str]:
    """Yield why `run_silver` has work: versions of bronze, a changed suite, or what a run left undone."""
    states = lake.open_tables([BATCH.bronze, BATCH.silver, BATCH.quarantine])
    bronze, silver, _ = states
    yield from missing_columns(states)
    yield from unread_changes(lake, bronze, lake.checkpoint(BATCH.silver.full_name))
    published = lake.read_published(BATCH.silver)
    yield from unpublished(silver, published)
    yield from changed_suite(lake, BATCH.silver, published)


def gold_work(lake: LakeState) -> Iterator[str]:
    """Yield why `run_gold` has work: versions of silver, a changed suite, or what a run left undone."""
    states = lake.open_tables([BATCH.silver, BATCH.features, CATEGORY_DAILY, BATCH.quarantine])
    silver, features, *_ = states
    yield from missing_columns(states)
    yield from unpublished(silver, lake.read_published(BATCH.silver))
    yield from unread_changes(lake, silver, lake.checkpoint(BATCH.features.full_name))
    published = lake.read_published(BATCH.features)
    yield from unpublished(features, published)
    yield from changed_suite(lake, BATCH.features, published)


def _unread_objects(lake: LakeState, landed: Sequence[str]) -> Iterator[str]:
    checkpoint = lake.checkpoint(BATCH.bronze.full_name)
    end, found = checkpoint.settled_end(), read_found_files(checkpoint.folder)
    urls = {f"s3a://{lake.objects.bucket}/{key}" for key in landed if key.endswith(_LANDING_SUFFIX)}
    if end is None:
        yield UNSETTLED
    elif end["logOffset"] != found.last_entry:
        yield "landing objects have been found, but no micro-batch has read them"
    elif unread := urls - found.urls:
        yield f"{len(unread)} landing objects have not been read"
