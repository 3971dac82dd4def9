"""The Dockerfile: pinned, locked, not root, and blind to what must not get into an image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pinlake import java

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()


def test_the_images_are_pinned_and_their_packages_locked() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)", TEXT, flags=re.MULTILINE)
    foreign = {image for image, _ in stages} - {name for _, name in stages}

    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in foreign), foreign
    assert all("--locked" in line for line in re.findall(r"uv sync.*", TEXT))


@pytest.mark.parametrize("target", ["s3", "pinlake", "airflow"])
def test_an_image_does_not_run_as_root(target: str) -> None:
    stages = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
    (stage,) = [stage for stage in stages if stage.splitlines()[0].endswith(f" AS {target}")]

    assert re.findall(r"^USER (\w+)", stage, flags=re.MULTILINE)[-1] == "pinlake"


def test_the_build_sees_only_what_it_copies() -> None:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, flags=re.MULTILINE)
    copied = {source.partition("/")[0] for line in lines for source in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied
    assert ignored[1] == "*"
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_java_is_the_oldest_that_is_allowed() -> None:
    assert f"openjdk-{java.OLDEST}-jre" in TEXT
