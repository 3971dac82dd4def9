"""`pinlake init`: what has to be there before the first pin, on servers of one's own."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from pinlake.cli import console as output


def init(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Create topics, bucket, and Postgres's database and table where they are missing.

    Running it again is safe. The local stack needs none of it: `pinlake up`, door and lanes see to theirs.

    Example: pinlake init --json
    """
    from foundation import settings as settings_module
    from foundation.clients import s3_client
    from foundation.kafka_admin import create_topics
    from foundation.object_store import create_bucket
    from lakehouse.serving.postgres import ServingDatabase

    settings = settings_module.load()
    console = Console(stderr=True, highlight=False)
    with console.status("asking Kafka"):
        topics = create_topics(settings.kafka)
    with console.status("asking the object store"):
        buckets = [settings.s3.bucket] if create_bucket(s3_client(settings.s3), settings.s3) else []
    with console.status("asking Postgres"):
        ServingDatabase(settings.postgres).ensure()
    if as_json:
        print(json.dumps({"created_topics": topics, "created_buckets": buckets}))
        return
    created = [f"topic {name}" for name in topics] + [f"bucket {name}" for name in buckets]
    output.console().print(f"created {', '.join(created)}" if created else "all was there")
