"""The Dockerfile: pinned, locked, not root, and blind to what must not get into an image."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest

from foundation.java import jre as java

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()


def test_the_images_are_pinned_and_their_packages_locked() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)", TEXT, flags=re.MULTILINE)
    foreign = {image for image, _ in stages} - {name for _, name in stages}
    defaults = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", TEXT, flags=re.MULTILINE))

    assert foreign == {f"${{{name}}}" for name in defaults}
    assert all(re.search(r":\d+\.\d+\.\d+", image) for image in defaults.values()), defaults
    assert all("--locked" in line for line in re.findall(r"uv sync.*", TEXT))


@pytest.mark.parametrize("target", ["s3", "api", "spark", "pinlake", "airflow"])
def test_an_image_does_not_run_as_root(target: str) -> None:
    stages = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
    (stage,) = [stage for stage in stages if stage.splitlines()[0].endswith(f" AS {target}")]

    assert re.findall(r"^USER (\S+)", stage, flags=re.MULTILINE)[-1] == "1000:1000"


def test_the_build_sees_only_what_it_copies() -> None:
    instructions = TEXT.replace("\\\n", " ")
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", instructions, flags=re.MULTILINE)
    copied = {source for line in lines for source in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    included = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert {source for source in copied if not included & {source, source.partition("/")[0]}} == set()
    assert {name for name in included if not any(source.startswith(name) for source in copied)} == set()
    assert ignored[1] == "*"
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_java_is_the_oldest_that_is_allowed() -> None:
    assert f"openjdk-{java.OLDEST}-jre" in TEXT


def test_jars_are_fetched_again_only_when_the_code_that_fetches_them_changes() -> None:
    stage = TEXT[TEXT.index(" AS jars\n") : TEXT.index(" AS s3\n")].replace("\\\n", " ")
    copied = [
        source
        for line in re.findall(r"^COPY (.+) \S+$", stage, flags=re.MULTILINE)
        for source in line.split()
    ]

    assert len(copied) == 16
    assert all((ROOT / source).is_file() for source in copied)


def test_the_image_of_the_api_has_every_package_that_it_imports() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())
    api = groups["dependency-groups"]["api"]

    assert set(api) <= set(groups["project"]["dependencies"])
    installed = {*_closure(api), "pinlake"}
    absent = {
        module
        for module, names in metadata.packages_distributions().items()
        if not {_canonical(name) for name in names} & installed
    }
    assert {"pyspark", "boto3", "great_expectations"} <= absent

    done = subprocess.run(
        [sys.executable, "-c", _SERVE_WITHOUT, *absent], capture_output=True, text=True, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr


# Everything that `pinlake serve` imports, in an environment that lacks the modules named in the arguments.
_SERVE_WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import ingestion.api.server
import pinlake.cli.main
"""


def _closure(requirements: list[str]) -> set[str]:
    """Return the names of all packages that the lock installs for requirements, extras included."""
    packages = {entry["name"]: entry for entry in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    names: set[str] = set()
    waiting = [_canonical(re.split(r"[^\w-]", requirement)[0]) for requirement in requirements]
    while waiting:
        name = waiting.pop()
        if name in names or name not in packages:
            continue
        names.add(name)
        entry = packages[name]
        extras = entry.get("optional-dependencies", {}).values()
        waiting += [needed["name"] for needed in chain(entry.get("dependencies", []), *extras)]
    return names


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
