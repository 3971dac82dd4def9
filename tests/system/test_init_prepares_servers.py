"""`pinlake init`, run twice on empty servers."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from foundation import kafka_admin as topics
from foundation.clients import s3_client
from foundation.errors import ConfigurationError, TransientError
from foundation.object_store import ObjectStore
from foundation.postgres import connect
from foundation.settings import S3Settings, Settings
from tests import commands, records


def test_it_creates_what_is_missing_and_nothing_else(stack: Settings, tmp_path: Path) -> None:
    fresh = _fresh(stack)

    first, second = (_init(fresh, tmp_path) for _ in range(2))

    names = [fresh.kafka.batch_topic, fresh.kafka.stream_topic]
    assert first == {"created_topics": names, "created_buckets": [fresh.s3.bucket]}
    assert second == {"created_topics": [], "created_buckets": []}
    assert {row.topic for row in topics.read_lag(fresh.kafka)} == set(names)
    s3_client(fresh.s3).head_bucket(Bucket=fresh.s3.bucket)
    with closing(connect(fresh.postgres)) as session, session.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM experimental_data")
        assert cursor.fetchone() == (0,)


def test_a_bucket_of_others_is_refused(stack: Settings) -> None:
    wrong = stack.s3.model_copy(update={"access_key": "nobody"})

    with pytest.raises(ConfigurationError, match=stack.s3.bucket):
        ObjectStore.open(wrong).create_bucket()


def test_a_silent_store_may_be_asked_again() -> None:
    silent = S3Settings(endpoint="http://127.0.0.1:1", access_key="key", secret_key="secret")

    with pytest.raises(TransientError, match="does not answer"):
        ObjectStore.open(silent).create_bucket()


def _fresh(stack: Settings) -> Settings:
    own, name = records.isolate(stack), f"init-{uuid.uuid4().hex}"
    return own.model_copy(
        update={
            "s3": own.s3.model_copy(update={"bucket": name}),
            "postgres": own.postgres.model_copy(update={"database": name}),
        }
    )


def _init(settings: Settings, folder: Path) -> dict[str, Any]:
    log = folder / "log"
    with commands.start("init", "--json", settings=settings, log=log) as command:
        out, _ = command.communicate(timeout=60)
    assert command.returncode == 0, log.read_text()
    answer: dict[str, Any] = orjson.loads(out)
    return answer
