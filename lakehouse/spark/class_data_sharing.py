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
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = structlog.get_logger()

# Options for the JVM that pyspark starts.
_VARIABLE = "SPARK_SUBMIT_OPTS"
_QUIET = "-Xshare:auto -Xlog:cds*=off -Xlog:class+path=off"
_ROWS = 50


def jvm_options(class_path: Iterable[str]) -> str:
    """Return the JVM's options: none without an archive for this class path and this Java."""
    archive = archive_path(class_path)
    return f"-XX:SharedArchiveFile={archive} {_QUIET}" if archive.exists() else ""


def archive_path(class_path: Iterable[str]) -> Path:
    """Return where the archive for a class path and the Java found here is, or would be."""
    java = Path(shutil.which("java", path=_java_path()) or "java").resolve()
    # Java refuses an archive made from files that have changed since.
    files = [(path, _made(Path(path))) for path in (str(java), *class_path)]
    key = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return Path(sys.prefix) / f"pinlake-{key[:16]}.jsa"


def create_archive(class_path: Iterable[str]) -> Path | None:
    """Make the archive where it is missing, which takes about a minute; older ones are removed.

    Returns:
        Its path, or None if this Java cannot make one: then commands start as they would without.
    """
    jars = list(class_path)
    archive = archive_path(jars)
    if archive.exists():
        return archive
    new = archive.with_suffix(".new")
    given = {**os.environ, _VARIABLE: f"-XX:ArchiveClassesAtExit={new} -Xlog:cds*=off"}
    done = subprocess.run(
        [sys.executable, "-m", "lakehouse.spark.class_data_sharing", *jars],
        env=given,
        capture_output=True,
        text=True,
    )
    if done.returncode or not new.exists():
        log.warning("classes could not be archived", error=done.stderr.strip()[-500:])
        return None
    for old in archive.parent.glob("pinlake-*.jsa"):
        old.unlink()
    return new.replace(archive)


def train(class_path: Iterable[str]) -> None:
    """Load the classes: stream a few rows into a Delta table in a temporary folder, merge and count them.

    None of Pinlake's own steps is run: an image's archive then depends on the jars alone, not on the code.

    Args:
        class_path: the jars before Spark's own, as a session has them.
    """
    with tempfile.TemporaryDirectory() as folder:
        spark = _session(class_path, folder=Path(folder))
        _write_and_read(spark, Path(folder))
        jvm = spark.sparkContext._gateway
        spark.stop()
    # The JVM writes the archive when it ends, and ends when its gateway does.
    assert jvm is not None  # a session that ran had one
    jvm.shutdown()
    jvm.proc.stdin.close()
    jvm.proc.wait()


def _session(class_path: Iterable[str], *, folder: Path) -> SparkSession:
    from pyspark.sql import SparkSession

    builder: SparkSession.Builder = SparkSession.builder
    session: SparkSession = (
        builder.master("local[1]")
        .config("spark.driver.extraClassPath", os.pathsep.join(class_path))
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
        # Compiling plans for a few rows would take longer than everything else here.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .getOrCreate()
    )
    return session


def _write_and_read(spark: SparkSession, folder: Path) -> None:
    source, table = folder / "source", folder / "table"
    source.mkdir()
    lines = [json.dumps({"key": f"k{number % 7}", "value": str(number)}) for number in range(_ROWS)]
    (source / "rows.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    rows = spark.readStream.schema("key string, value string").json(str(source))
    writer = rows.writeStream.format("delta").option("checkpointLocation", str(folder / "checkpoint"))
    writer.trigger(availableNow=True).start(str(table)).awaitTermination()
    newest = f"SELECT 'k1' AS key, max(value) AS value FROM delta.`{table}`"
    spark.sql(
        f"MERGE INTO delta.`{table}` AS old USING ({newest}) AS new ON old.key = new.key "
        "AND old.value = new.value WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    spark.sql(f"SELECT key, count(*) FROM delta.`{table}` GROUP BY key").collect()


def _made(path: Path) -> int:
    # Whole seconds, which is what Java compares: an image's layers keep no more.
    return int(path.stat().st_mtime) if path.exists() else 0


def _java_path() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin")) if home else os.environ.get("PATH", os.defpath)


if __name__ == "__main__":
    train(sys.argv[1:])
