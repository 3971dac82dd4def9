"""Locations: the stored URLs, which must not change."""

from __future__ import annotations

from foundation.landing_object import LandingObject
from foundation.offsets import OffsetRange
from lakehouse.catalog.locations import Locations
from lakehouse.catalog.tables import TABLES, find_table

LOCATIONS = Locations("s3a://pinlake")


def test_urls_are_stored_and_do_not_change() -> None:
    assert LOCATIONS.tables == "s3a://pinlake/warehouse"
    assert LOCATIONS.landing == "s3a://pinlake/landing/pins"
    assert LOCATIONS.checkpoint("stream") == "s3a://pinlake/checkpoints/stream"
    table = find_table("gold.pin_features_batch", where="here")
    assert LOCATIONS.table(table) == "s3a://pinlake/warehouse/gold/pin_features_batch"


def test_every_table_has_a_folder_of_its_own() -> None:
    folders = {LOCATIONS.table(table) for table in TABLES}

    assert len(folders) == len(TABLES)
    assert all(folder.startswith(f"{LOCATIONS.tables}/") for folder in folders)


def test_landing_objects_are_in_the_landing_folder() -> None:
    key = LandingObject("2026-03-01", OffsetRange("t", 0, 1, 2)).key

    assert f"{LOCATIONS.root}/{key}".startswith(f"{LOCATIONS.landing}/dt=2026-03-01/")
