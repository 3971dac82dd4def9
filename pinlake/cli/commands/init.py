"""`pinlake init`: topics, bucket and database on servers that Pinlake did not start."""

from __future__ import annotations

import json

from rich.console import Console

from pinlake.cli import console as output
from pinlake.cli.options import AsJson


def init(as_json: AsJson = False) -> None:
    """Create the topics, the bucket, and the database and table of Postgres if they are missing.

    It is safe to run it again. The local stack does not need it: `pinlake up`, the API and the lanes create
    what they use.

    Example: pinlake init --json
    """
    from foundation import settings as settings_module
    from foundation.kafka_admin import create_topics
    from foundation.object_store import ObjectStore
    from lakehouse.serving.postgres import ServingDatabase

    settings = settings_module.load()
    console = Console(stderr=True, highlight=False)
    with console.status("asking Kafka"):
        topics = create_topics(settings.kafka)
    with console.status("asking the object store"):
        buckets = [settings.s3.bucket] if ObjectStore.open(settings.s3).create_bucket() else []
    with console.status("asking Postgres"):
        ServingDatabase(settings.postgres).ensure()
    if as_json:
        print(json.dumps({"created_topics": topics, "created_buckets": buckets}))
        return
    created = [f"topic {name}" for name in topics] + [f"bucket {name}" for name in buckets]
    output.console().print(f"created {', '.join(created)}" if created else "everything existed already")
