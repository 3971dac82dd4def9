"""A search for words in the object store and in Postgres, independent of the code that erases."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import closing
from pathlib import Path

from pyspark.sql import SparkSession

from foundation.clients import s3_client
from foundation.postgres import connect
from foundation.settings import Settings


def traces(spark: SparkSession, settings: Settings, *words: str) -> list[str]:
    """Return the objects and tables that contain one of the words; looks into gzip and Parquet."""
    client, bucket = s3_client(settings.s3), settings.s3.bucket
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    matches = []
    with tempfile.TemporaryDirectory() as folder:
        for number, key in enumerate(keys):
            body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            texts = [gzip.decompress(body) if key.endswith(".gz") else body]
            if key.endswith(".parquet") and body:
                copy = Path(folder) / f"{number}.parquet"
                copy.write_bytes(body)
                texts += [str(row.asDict()).encode() for row in spark.read.parquet(f"file:{copy}").collect()]
            if any(word.lower().encode() in text.lower() for word in words for text in texts):
                matches.append(key)
    with closing(connect(settings.postgres)) as session, session.cursor() as cursor:
        for table in ("experimental_data", "loads"):
            cursor.execute(f"SELECT entry::text FROM {table} AS entry")
            if any(word in text for (text,) in cursor.fetchall() for word in words):
                matches.append(table)
    return matches
