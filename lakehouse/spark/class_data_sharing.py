"""The class data sharing archive: the classes that a driver loads, so that later JVMs start faster.

The archive takes about 200 MB. It is kept inside the Python environment that it was created for, and is
deleted with it. Java ignores an archive that does not fit.
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

# Spark passes these options to the JVM that pyspark starts.
_VARIABLE = "SPARK_SUBMIT_OPTS"
_QUIET = "-Xshare:auto -Xlog:cds*=off -Xlog:class+path=off"
_ROWS = 50


def jvm_options(class_path: Iterable[str]) -> str:
    """Return the JVM options that use the archive; empty if this class path and Java have no archive."""
    archive = archive_path(class_path)
    return f"-XX:SharedArchiveFile={archive} {_QUIET}" if archive.exists() else ""


def archive_path(class_path: Iterable[str]) -> Path:
    """Return the path of the archive for a class path and the Java on this host; it need not exist."""
    java = Path(shutil.which("java", path=_java_path()) or "java").resolve()
    # Java refuses an archive if the files behind it have changed.
    files = [(path, _modified_at(Path(path))) for path in (str(java), *class_path)]
    key = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return Path(sys.prefix) / f"pinlake-{key[:16]}.jsa"


def create_archive(class_path: Iterable[str]) -> Path | None:
    """Create the archive if it is missing, and delete older ones. Takes about a minute.

    Args:
        class_path: the jars before Spark's own, as a session has them.

    Returns:
        The archive's path, or None if this Java cannot create one: commands then start without it.
    """
    jars = list(class_path)
    archive = archive_path(jars)
    if archive.exists():
        return archive
    new = archive.with_suffix(".new")
    environment = {**os.environ, _VARIABLE: f"-XX:ArchiveClassesAtExit={new} -Xlog:cds*=off"}
    training = subprocess.run(
        [sys.executable, "-m", "lakehouse.spark.class_data_sharing", *jars],
        env=environment,
        capture_output=True,
        text=True,
    )
    if training.returncode or not new.exists():
        log.warning("classes could not be archived", error=training.stderr.strip()[-500:])
        new.unlink(missing_ok=True)
        return None
    for old in archive.parent.glob("pinlake-*.jsa"):
        old.unlink()
    return new.replace(archive)


def train(class_path: Iterable[str]) -> None:
    """Load the classes: stream a few rows into a Delta table in a temporary folder, merge and count them.

    None of Pinlake's own steps runs here, so that an image's archive depends on the jars alone.

    Args:
        class_path: the jars before Spark's own, as a session has them.
    """
    with tempfile.TemporaryDirectory() as folder:
        spark = _session(class_path, folder=Path(folder))
        _write_and_read(spark, Path(folder))
        jvm = spark.sparkContext._gateway
        spark.stop()
    # The JVM writes the archive when it exits, and exits when its gateway does.
    assert jvm is not None  # the session had a JVM
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
        # Compiling plans for a few rows would take longer than all the rest.
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


def _modified_at(path: Path) -> int:
    # In whole seconds, as Java compares them: an image's layers are no more precise.
    return int(path.stat().st_mtime) if path.exists() else 0


def _java_path() -> str:
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin")) if home else os.environ.get("PATH", os.defpath)


if __name__ == "__main__":
    train(sys.argv[1:])
