"""The only place that builds a Spark session."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession

from foundation.java import jars
from foundation.settings import S3Settings, Settings, SparkSettings
from lakehouse.spark import class_data_sharing, log_store
from lakehouse.spark.jvm_output import redirect_jvm_output

# pyspark prints every failed analysis on standard error, stack traces and all, before raising it.
_TALKATIVE = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
# Java's first compiler alone, with the room for code that it has with the second.
QUICK_JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
# Plans that are run as they are: for a few rows, making classes of them costs more than it gains.
INTERPRETED_PLANS = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
_LOG4J = Path(__file__).with_name("log4j2.properties")


def class_path(settings: Settings) -> list[str]:
    """Return what stands on the driver's class path before Spark's own jars.

    Raises:
        ConfigurationError: a jar has not been fetched.
    """
    return [str(path) for path in (*jars.class_path(jars.JarSet.SPARK, settings), log_store.JAR)]


def build(settings: Settings, *, app: str, quick: bool = False) -> SparkSession:
    """Start a session, or return the one this process has.

    The jars come from the local cache: nothing is resolved here. Times are UTC, SQL is ANSI.

    Args:
        settings: master, memory, S3 and the jar cache.
        app: the application's name, as a cluster's UI shows it.
        quick: for a few small questions: compiling what they run would cost more than it gains.

    Raises:
        ConfigurationError: a jar has not been fetched.
    """
    os.environ["PYSPARK_PYTHON"] = sys.executable
    for name in _TALKATIVE:
        PySparkLogger.getLogger(name).disabled = True
    spark, paths = settings.spark, class_path(settings)
    builder: SparkSession.Builder = SparkSession.builder
    builder = (
        builder.appName(app)
        .master(spark.master)
        .config("spark.driver.memory", spark.driver_memory)
        .config("spark.driver.host", spark.driver_host)
        .config("spark.driver.bindAddress", spark.driver_host)
        .config("spark.driver.extraJavaOptions", _java_options(paths, quick=quick))
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        # For audits beside the stream: see lakehouse.quality.stream_audit.
        .config("spark.scheduler.mode", "FAIR")
        # Where in Python a column was made: nobody is told, and each would cost five more calls of the JVM.
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
        .config("spark.sql.dataFrameQueryContext.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.catalogImplementation", "in-memory")
        .config("spark.sql.shuffle.partitions", str(spark.shuffle_partitions))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        # SPARK-58241: a Python UDF over a vectorised scan can hang for ever.
        .config("spark.sql.execution.arrow.pythonUDF.columnarInput.enabled", "false")
        # A cache is built this many rows at a time, and a pin is wide: Spark's 10,000 filled the heap.
        .config("spark.sql.inMemoryColumnarStorage.batchSize", "1000")
        # A micro-batch of the stream lane needs 130 classes: of the 100 that Spark keeps none is found again.
        .config("spark.sql.codegen.cache.maxEntries", "1000")
        # A Delta log of a few hundred actions needs no 50 tasks to be replayed.
        .config("spark.databricks.delta.snapshotPartitions", "2")
    )
    if not settings.s3.single_writer:
        builder = builder.config("spark.delta.logStore.s3a.impl", log_store.CLASS)
    for name, value in INTERPRETED_PLANS.items() if quick else ():
        builder = builder.config(name, value)
    builder = _with_jars(builder, spark, paths)
    with redirect_jvm_output():
        session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel(spark.log_level)
    _use_s3(session, settings.s3)
    return session


def stop(session: SparkSession) -> None:
    """Stop a session, even if a signal has broken off a call to it or ended its JVM first."""

    def end() -> None:
        with contextlib.suppress(Py4JError, OSError):  # the JVM has ended
            session.stop()

    # Every thread has a connection of its own: this one's may still wait for the answer to a broken call, and
    # would take it for the answer to the next.
    ending = threading.Thread(target=end, name="stop-spark")
    ending.start()
    ending.join()


def _with_jars(builder: SparkSession.Builder, spark: SparkSettings, paths: list[str]) -> SparkSession.Builder:
    """Add the jars, and what a cluster's executors need, which share neither disk nor environment with us."""
    builder = builder.config("spark.driver.extraClassPath", os.pathsep.join(paths))
    if spark.master.startswith("local"):
        return builder
    return (
        # Executors fetch them from the driver: a worker holds nothing but Spark.
        builder.config("spark.jars", ",".join(paths))
        .config("spark.executor.memory", spark.executor_memory)
        # Without a limit the stream would take every core for good, and no other command get any.
        .config("spark.cores.max", str(spark.max_cores))
        # No file of this machine reaches their log settings, only the level does.
        .config("spark.executor.syncLogLevel.enabled", "true")
    )


def _java_options(paths: list[str], *, quick: bool) -> str:
    once = f"-Dlog4j.configurationFile=file:{_LOG4J} {class_data_sharing.jvm_options(paths)}"
    return f"{once} {QUICK_JVM_OPTIONS}" if quick else once


def _use_s3(session: SparkSession, s3: S3Settings) -> None:
    # Set on the running context: as spark.hadoop.* the secret would stand in the JVM's command line. It
    # reaches executors inside their tasks, with all of Hadoop's configuration.
    hadoop = session.sparkContext._jsc.hadoopConfiguration()
    hadoop.set("fs.s3a.endpoint.region", s3.region)
    hadoop.set("fs.s3a.fast.upload.buffer", "bytebuffer")
    # Some 20 s of a store that is away; by default it is minutes until anybody is told.
    hadoop.set("fs.s3a.retry.limit", "4")
    hadoop.set("fs.s3a.connection.timeout", "30s")
    # A reader holds a whole row group of each task's file in memory.
    hadoop.set("parquet.block.size", str(32 * 1024 * 1024))
    if s3.endpoint:
        hadoop.set("fs.s3a.endpoint", s3.endpoint)
        hadoop.set("fs.s3a.path.style.access", "true")
        hadoop.set("fs.s3a.connection.ssl.enabled", str(s3.endpoint.startswith("https")).lower())
    if s3.access_key and s3.secret_key:
        hadoop.set("fs.s3a.access.key", s3.access_key)
        hadoop.set("fs.s3a.secret.key", s3.secret_key.get_secret_value())
