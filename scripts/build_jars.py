"""Compiler of our own jars, each from the folder java/ next to it: the same bytes on every machine.

Run it as `uv run python scripts/build_jars.py` after changing a source or the version of Spark or Delta. It
needs the locked jars (`pinlake jars spark compiler`) and a JRE.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from foundation import settings as settings_module
from foundation.java import jars
from foundation.java import jre as java
from foundation.settings import Settings
from lakehouse.spark import cleaning_functions, log_store

JARS = (log_store.JAR, cleaning_functions.JAR)
# No debug information and no processors: the classes contain nothing specific to this machine. No object of
# theirs is stored, so none needs a version for that.
OPTIONS = ("-17", "-g:none", "-proc:none", "-encoding", "UTF-8", "-warn:-serial", "-failOnWarning")
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Write the jars to their paths in the project, or to the folder of `--to`."""
    parser = argparse.ArgumentParser(description="Compile our own jars.")
    parser.add_argument("--to", type=Path, help="a folder; default: the jars' own places")
    folder: Path | None = parser.parse_args().to
    settings = settings_module.load()
    for jar in JARS:
        target = folder / jar.name if folder else jar
        with tempfile.TemporaryDirectory() as classes:
            _compile(jar.with_name("java"), Path(classes), settings=settings)
            _pack(Path(classes), target)
        print(target)


def _compile(sources: Path, classes: Path, *, settings: Settings) -> None:
    (compiler,) = jars.class_path(jars.JarSet.COMPILER, settings)
    libraries = os.pathsep.join(map(str, [*jars.class_path(jars.JarSet.SPARK, settings), *_jars_of_spark()]))
    files = sorted(str(source) for source in sources.rglob("*.java"))
    command = [str(java.find()), "-jar", str(compiler), *OPTIONS, "-cp", libraries, "-d", str(classes)]
    subprocess.run([*command, *files], check=True)


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_STORED) as archive:
        for compiled in sorted(classes.rglob("*.class")):
            entry = zipfile.ZipInfo(compiled.relative_to(classes).as_posix(), date_time=EPOCH)
            entry.create_system = 3  # as on Unix, on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, compiled.read_bytes())


def _jars_of_spark() -> list[Path]:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SystemExit("pyspark is not installed: run `make environment`")
    return sorted((Path(spec.origin).parent / "jars").glob("*.jar"))


if __name__ == "__main__":
    main()
