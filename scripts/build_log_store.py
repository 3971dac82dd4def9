"""Compiler of lakehouse/spark/log_store/java to log_store.jar: the same bytes on every machine.

Run it as `uv run python scripts/build_log_store.py` after changing the source or Delta's version. It needs
the locked jars (`pinlake jars spark compiler`) and a JRE.
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
from lakehouse.spark import log_store

SOURCES = log_store.JAR.parent / "java"
# No debug information and no processors: the classes contain nothing specific to this machine.
OPTIONS = ("-17", "-g:none", "-proc:none", "-encoding", "UTF-8", "-failOnWarning")
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Write the jar to its path in the project, or to the path of `--to`."""
    parser = argparse.ArgumentParser(description="Compile the log store's jar.")
    parser.add_argument("--to", type=Path, default=log_store.JAR, help="default: %(default)s")
    jar: Path = parser.parse_args().to
    settings = settings_module.load()
    with tempfile.TemporaryDirectory() as folder:
        classes = Path(folder)
        _compile(classes, settings)
        _pack(classes, jar)
    print(jar)


def _compile(classes: Path, settings: Settings) -> None:
    (compiler,) = jars.class_path(jars.JarSet.COMPILER, settings)
    libraries = os.pathsep.join(map(str, [*jars.class_path(jars.JarSet.SPARK, settings), _hadoop()]))
    sources = sorted(str(source) for source in SOURCES.rglob("*.java"))
    command = [str(java.find()), "-jar", str(compiler), *OPTIONS, "-cp", libraries, "-d", str(classes)]
    subprocess.run([*command, *sources], check=True)


def _pack(classes: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_STORED) as archive:
        for compiled in sorted(classes.rglob("*.class")):
            entry = zipfile.ZipInfo(compiled.relative_to(classes).as_posix(), date_time=EPOCH)
            entry.create_system = 3  # as on Unix, on every system
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, compiled.read_bytes())


def _hadoop() -> Path:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SystemExit("pyspark is not installed: run `make environment`")
    (hadoop_jar,) = (Path(spec.origin).parent / "jars").glob("hadoop-client-api-*.jar")
    return hadoop_jar


if __name__ == "__main__":
    main()
