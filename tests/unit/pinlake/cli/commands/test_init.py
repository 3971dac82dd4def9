"""`pinlake init`: it says what it created, and nothing is wrong if all of it existed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from foundation import kafka_admin
from foundation.errors import TransientError
from foundation.object_store import ObjectStore
from lakehouse.serving.postgres import ServingDatabase
from tests.unit.pinlake.cli.command_line import run


def _missing(monkeypatch: pytest.MonkeyPatch, topics: Sequence[str], *, bucket: bool) -> list[str]:
    """Replace the three servers by stand-ins that lack these; return the databases that were ensured."""
    databases: list[str] = []

    def ensure(database: ServingDatabase) -> None:
        databases.append(database._settings.database)

    monkeypatch.setattr(kafka_admin, "create_topics", lambda _: list(topics))
    monkeypatch.setattr(ObjectStore, "create_bucket", lambda _: bucket)
    monkeypatch.setattr(ServingDatabase, "ensure", ensure)
    return databases


@pytest.mark.parametrize(
    ("topics", "bucket", "line"),
    [
        (["a", "b"], True, "created topic a, topic b, bucket pinlake"),
        (["b"], False, "created topic b"),
        ([], False, "everything existed already"),
    ],
    ids=["all", "one", "none"],
)
def test_what_was_created_is_printed(
    topics: list[str], bucket: bool, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = _missing(monkeypatch, topics, bucket=bucket)

    outcome = run("init")

    assert (outcome.code, outcome.out) == (0, f"{line}\n")
    assert databases == ["pinterest_streaming"]
    buckets = ["pinlake"] if bucket else []
    assert run("init", "--json").documents == [{"created_topics": topics, "created_buckets": buckets}]


def test_a_server_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> list[str]:
        raise TransientError("Kafka does not answer", where="kafka:9092", hint="Start it.")

    databases = _missing(monkeypatch, [], bucket=True)
    monkeypatch.setattr(kafka_admin, "create_topics", refuse)

    outcome = run("init", "--json")

    assert (outcome.code, outcome.out, databases) == (1, "", [])
    assert outcome.err.splitlines()[-1] == "error: Kafka does not answer (kafka:9092). Start it."
