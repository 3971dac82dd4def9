"""The Spark session: only this module builds one."""

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
from lakehouse.spark import class_data_sharing, cleaning_functions, log_store
from lakehouse.spark.java_classes import keep_classes_of_pyspark
from lakehouse.spark.jvm_output import redirect_jvm_output

# pyspark prints every failed analysis with its stack traces on standard error before it raises it.
_NOISY_LOGGERS = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")
# Only Java's first compiler, but with the code cache that it has together with the second.
QUICK_JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"
# Plans are interpreted: for a few rows, compiling them costs more time than it saves.
INTERPRETED_PLANS = {"spark.sql.codegen.wholeStage": "false", "spark.sql.codegen.factoryMode": "NO_CODEGEN"}
_LOG4J = Path(__file__).with_name("log4j2.properties")


def class_path(settings: Settings) -> list[str]:
    """Return the jars that come before Spark's own on the driver's class path.

    Raises:
        ConfigurationError: a jar has not been fetched.
    """
    own = (log_store.JAR, cleaning_functions.JAR)
    return [str(path) for path in (*jars.class_path(jars.JarSet.SPARK, settings), *own)]


def build(settings: Settings, *, app: str, quick: bool = False) -> SparkSession:
    """Start a session, or return the session of this process.

    The jars come from the local cache: nothing is resolved here. Times are UTC, SQL is ANSI.

    Args:
        settings: master, memory, S3 and the jar cache.
        app: the application's name, as a cluster's UI shows it.
        quick: optimise for a few small queries, whose compilation would cost more time than it saves.

    Raises:
        ConfigurationError: a jar has not been fetched.
    """
    os.environ["PYSPARK_PYTHON"] = sys.executable
    for name in _NOISY_LOGGERS:
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
        # For audits that run concurrently with the stream: see lakehouse.quality.stream_audit.
        .config("spark.scheduler.mode", "FAIR")
    )
    if not settings.s3.single_writer:
        builder = builder.config("spark.delta.logStore.s3a.impl", log_store.CLASS)
    for name, value in INTERPRETED_PLANS.items() if quick else ():
        builder = builder.config(name, value)
    builder = _with_jars(_with_sql_options(builder, spark), spark, paths)
    with redirect_jvm_output():
        session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel(spark.log_level)
    _use_s3(session, settings.s3)
    keep_classes_of_pyspark(session)
    return session


def stop(session: SparkSession) -> None:
    """Stop a session, even if a signal has interrupted a call to it or its JVM has ended first."""

    def end() -> None:
        with contextlib.suppress(Py4JError, OSError):  # the JVM has ended
            session.stop()

    # Every thread has its own connection to the JVM. This thread's connection may still expect the response
    # to an interrupted call, and would mistake it for the response to the next call.
    stopper = threading.Thread(target=end, name="stop-spark")
    stopper.start()
    stopper.join()


def _with_sql_options(builder: SparkSession.Builder, spark: SparkSettings) -> SparkSession.Builder:
    """Add Delta, our functions, the SQL dialect, and limits that fit tables of wide rows and small logs."""
    return (
        builder
        # These record where in Python a column was created: unused here, and five more JVM calls per column.
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
        .config("spark.sql.dataFrameQueryContext.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.catalogImplementation", "in-memory")
        .config("spark.sql.shuffle.partitions", str(spark.shuffle_partitions))
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .config(f"spark.sql.catalog.{cleaning_functions.CATALOG}", cleaning_functions.CLASS)
        # SPARK-58241: a Python UDF over a vectorised scan can hang for ever.
        .config("spark.sql.execution.arrow.pythonUDF.columnarInput.enabled", "false")
        # Rows per batch when a cache is built: pins are wide, and Spark's default of 10,000 filled the heap.
        .config("spark.sql.inMemoryColumnarStorage.batchSize", "1000")
        # A micro-batch of the stream lane needs 130 classes: a cache of 100, the default, would have no hits.
        .config("spark.sql.codegen.cache.maxEntries", "1000")
        # Replaying a Delta log of a few hundred actions does not need 50 tasks, the default.
        .config("spark.databricks.delta.snapshotPartitions", str(min(2, spark.shuffle_partitions)))
    )


def _with_jars(builder: SparkSession.Builder, spark: SparkSettings, paths: list[str]) -> SparkSession.Builder:
    """Add the jars, and settings for a cluster's executors, which do not share this machine's disk."""
    builder = builder.config("spark.driver.extraClassPath", os.pathsep.join(paths))
    if spark.master.startswith("local"):
        return builder
    return (
        # Executors fetch the jars from the driver: a worker has only Spark.
        builder.config("spark.jars", ",".join(paths))
        .config("spark.executor.memory", spark.executor_memory)
        # Without a limit the stream would occupy every core, and other commands would get none.
        .config("spark.cores.max", str(spark.max_cores))
        # Their log settings cannot come from a file on this machine; only the level can be passed on.
        .config("spark.executor.syncLogLevel.enabled", "true")
    )


def _java_options(paths: list[str], *, quick: bool) -> str:
    options = f"-Dlog4j.configurationFile=file:{_LOG4J} {class_data_sharing.jvm_options(paths)}"
    return f"{options} {QUICK_JVM_OPTIONS}" if quick else options


def _use_s3(session: SparkSession, s3: S3Settings) -> None:
    # Set on the running context: as spark.hadoop.* the secret would be visible in the JVM's command line.
    # Tasks carry Hadoop's whole configuration to the executors.
    hadoop = session.sparkContext._jsc.hadoopConfiguration()
    hadoop.set("fs.s3a.endpoint.region", s3.region)
    hadoop.set("fs.s3a.fast.upload.buffer", "bytebuffer")
    # An unreachable store is reported after about 20 s; by default after minutes.
    hadoop.set("fs.s3a.retry.limit", "4")
    hadoop.set("fs.s3a.connection.timeout", "30s")
    # A reader holds one whole row group per task in memory.
    hadoop.set("parquet.block.size", str(32 * 1024 * 1024))
    if s3.endpoint:
        hadoop.set("fs.s3a.endpoint", s3.endpoint)
        hadoop.set("fs.s3a.path.style.access", "true")
        hadoop.set("fs.s3a.connection.ssl.enabled", str(s3.endpoint.startswith("https")).lower())
    if s3.access_key and s3.secret_key:
        hadoop.set("fs.s3a.access.key", s3.access_key)
        hadoop.set("fs.s3a.secret.key", s3.secret_key.get_secret_value())
