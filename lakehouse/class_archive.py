"""The classes a driver loads, archived once, so that later JVMs start with them.

The archive lies in the environment it was made for, about 200 MB, and is gone with it. Java ignores one that
does not fit.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import structlog

from pinlake.settings import Settings

log = structlog.get_logger()

# Whoever starts Spark may hand options to the JVM in this variable.
_VARIABLE = "SPARK_SUBMIT_OPTS"
_QUIET = "-Xshare:auto -Xlog:cds*=off -Xlog:class+path=off"
_PINS = 50


def options(class_path: Iterable[str]) -> str:
    """Return the JVM's options: none without an archive for this class path and this Java."""
    archive = place(class_path)
    return f"-XX:SharedArchiveFile={archive} {_QUIET}" if archive.exists() else ""


def place(class_path: Iterable[str]) -> Path:
    """Return where the archive for a class path and the Java found here is, or would be."""
    java = Path(shutil.which("java", path=_java_path()) or "java").resolve()
    # Java refuses an archive made from files that have changed since.
    files = [(path, _made(Path(path))) for path in (str(java), *class_path)]
    key = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return Path(sys.prefix) / f"pinlake-{key[:16]}.jsa"


def make(class_path: Iterable[str]) -> Path | None:
    """Make the archive where it is missing, which takes about a minute; older ones are removed.

    Returns:
        Its path, or None if this Java cannot make one: then commands start as they would without.
    """
    archive = place(class_path)
    if archive.exists():
        return archive
    new = archive.with_suffix(".new")
    given = {**os.environ, _VARIABLE: f"-XX:ArchiveClassesAtExit={new} -Xlog:cds*=off"}
    done = subprocess.run(
        [sys.executable, "-m", "lakehouse.class_archive"], env=given, capture_output=True, text=True
    )
    if done.returncode or not new.exists():
        log.warning("classes could not be archived", error=done.stderr.strip()[-500:])
        return None
    for old in archive.parent.glob("pinlake-*.jsa"):
        old.unlink()
    return new.replace(archive)


def exercise(settings: Settings) -> None:
    """Land a few pins in bronze in a temporary folder and ask for them, so that the classes are loaded."""
    from lakehouse import batch_lane, query, session
    from lakehouse.warehouse import Warehouse

    spark = session.build(settings, app="pinlake class archive", quick=True)
    with tempfile.TemporaryDirectory() as folder:
        _land(Path(folder))
        warehouse = Warehouse(f"file:{folder}")
        batch_lane.bronze(spark, warehouse)
        statement = "SELECT topic, count(*) FROM bronze.pins_batch GROUP BY topic"
        query.run(spark, statement, warehouse=warehouse.tables).collect()
    jvm = spark.sparkContext._gateway
    spark.stop()
    # The JVM writes the archive when it ends, and ends when its gateway does.
    assert jvm is not None  # a session that ran had one
    jvm.shutdown()
    jvm.proc.stdin.close()
    jvm.proc.wait()


def _land(folder: Path) -> None:
    landing = folder / "landing" / "pins" / "dt=2026-01-01"
    landing.mkdir(parents=True)
    lines = [
        json.dumps(
            {"topic": "t", "partition": 0, "offset": offset, "timestamp": 0, "headers": [], "value": pin}
        )
        for offset, pin in enumerate(_sample().read_text(encoding="utf-8").splitlines()[:_PINS])
    ]
    (landing / f"t-0-0-{len(lines) - 1}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def _sample() -> Path:
    return Path(__file__).parents[1] / "sample_data" / "pins.jsonl"


def _made(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def _java_path() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin")) if home else os.environ.get("PATH", os.defpath)


if __name__ == "__main__":
    from pinlake import settings as settings_module

    exercise(settings_module.load())
