"""Pages of the quality report: found in the home and in the bucket, and removed there only."""

from __future__ import annotations

from pathlib import Path

import pytest

from foundation.data_subjects import Subjects
from foundation.settings import Settings
from pinlake.app import report_pages
from tests.unit.in_memory_bucket import InMemoryBucket

PIN = "0190163d-8694-739b-aea5-966c26f8ad91"
SUBJECTS = Subjects.of([PIN])
NAMING = f"<p>{PIN.upper()}</p>".encode()
OTHER = b"<p>7528eb06-6a3f-4d1c-9d2a-2f1d3c1b8f10</p>"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / report_pages.FOLDER
    folder.mkdir()
    for name, content in {"naming.html": NAMING, "other.html": OTHER, "naming.txt": NAMING}.items():
        (folder / name).write_bytes(content)
    return Settings(_env_file=None, home=tmp_path)


@pytest.fixture
def bucket() -> InMemoryBucket:
    return InMemoryBucket({"reports/a.html": NAMING, "b.html": OTHER, "c.json": NAMING})


def test_pages_that_mention_a_subject_are_found_in_the_home_and_in_the_bucket(
    settings: Settings, bucket: InMemoryBucket
) -> None:
    pages = report_pages.find_mentions(bucket.store, settings, SUBJECTS)

    assert pages == [settings.home / report_pages.FOLDER / "naming.html", "reports/a.html"]


def test_without_pages_there_is_nothing_to_find(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, home=tmp_path)

    assert report_pages.find_mentions(InMemoryBucket().store, settings, SUBJECTS) == []


def test_removal_leaves_other_pages_and_may_be_repeated(settings: Settings, bucket: InMemoryBucket) -> None:
    pages = report_pages.find_mentions(bucket.store, settings, SUBJECTS)

    for _ in range(2):
        report_pages.remove(bucket.store, pages)

    folder = settings.home / report_pages.FOLDER
    assert {path.name for path in folder.iterdir()} == {"other.html", "naming.txt"}
    assert set(bucket.objects) == {"b.html", "c.json"}
    assert report_pages.find_mentions(bucket.store, settings, SUBJECTS) == []
