"""Objects of the object store, for tests that check more than tables."""

from __future__ import annotations

import json
from typing import Any

from foundation.clients import s3_client
from foundation.settings import Settings
from lakehouse.catalog.tables import Table


def keys(settings: Settings, prefix: str) -> list[str]:
    """Return the keys that start with a prefix."""
    listing = s3_client(settings.s3).list_objects_v2(Bucket=settings.s3.bucket, Prefix=prefix)
    return [entry["Key"] for entry in listing.get("Contents", [])]


def lease(settings: Settings, name: str) -> dict[str, Any]:
    """Return the content of the only generation of a lease."""
    (key,) = keys(settings, f"_leases/{name}/")
    body = s3_client(settings.s3).get_object(Bucket=settings.s3.bucket, Key=key)["Body"].read()
    content: dict[str, Any] = json.loads(body)
    return content


def has_version(settings: Settings, table: Table, version: int) -> bool:
    """Return whether a table has this version."""
    return bool(keys(settings, f"warehouse/{table.layer}/{table.name}/_delta_log/{version:020}.json"))
