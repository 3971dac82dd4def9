"""`pinlake jars`: which sets are fetched, and for which of them Spark's classes are archived."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from foundation.java import jars, jre
from foundation.java.jars import FetchResult, JarSet
from foundation.settings import Settings
from lakehouse.spark import class_data_sharing, session
from tests.unit.pinlake.cli.command_line import run


class Fetches(list[list[JarSet]]):
    """The sets of each fetch, and how often classes were archived."""

    archives = 0


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> Fetches:
    calls = Fetches()

    def fetch(_: Settings, *, sets: Iterable[JarSet]) -> FetchResult:
        calls.append(list(sets))
        return FetchResult(jars=12, downloaded=3, downloaded_bytes=4_600_000)

    def archive(_: object) -> None:
        calls.archives += 1

    monkeypatch.setattr(jre, "find", lambda: None)
    monkeypatch.setattr(jars, "fetch", fetch)
    monkeypatch.setattr(jars, "folder", lambda _: Path("/cache/[jars]"))
    monkeypatch.setattr(session, "class_path", lambda _: [])
    monkeypatch.setattr(class_data_sharing, "create_archive", archive)
    return calls


@pytest.mark.parametrize(
    ("arguments", "sets", "archives"),
    [
        ([], ["spark", "kafka", "s3proxy"], 1),
        (["kafka", "s3proxy"], ["kafka", "s3proxy"], 0),
        (["kafka", "spark"], ["kafka", "spark"], 1),
        (["compiler"], ["compiler"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_compiler_is_fetched_only_by_its_name(
    arguments: list[str], sets: list[str], archives: int, fetches: Fetches
) -> None:
    assert run("jars", *arguments).code == 0

    assert (fetches, fetches.archives) == ([sets], archives)


@pytest.mark.usefixtures("fetches")
def test_the_result_is_a_message_or_json() -> None:
    outcome = run("jars", "kafka")

    assert (outcome.out, outcome.err) == ("", "12 jars in /cache/[jars], 3 fetched now (5 MB)\n")
    assert run("jars", "kafka", "--json").documents == [
        {"jars": 12, "downloaded": 3, "downloaded_bytes": 4_600_000}
    ]


def test_an_unknown_set_fetches_nothing(fetches: Fetches) -> None:
    outcome = run("jars", "delta")

    assert (outcome.code, fetches) == (2, [])
    assert "s3proxy" in outcome.err
