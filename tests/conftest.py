"""Fixtures of all tests: settings, a Spark session, and the real stack, which starts once per run."""

from __future__ import annotations

import os
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import filelock
import hypothesis
import pytest
from pyspark.sql import SparkSession

from foundation import kafka_admin as topics
from foundation import settings as settings_module
from foundation.clients import s3_client
from foundation.settings import Settings
from lakehouse.catalog.tables import TABLES
from lakehouse.delta.lake import DeltaLake
from lakehouse.query.table_store import TableStore
from lakehouse.spark import session
from local_stack import addresses
from local_stack import stack as local_stack
from tests import commands

# With few rows, Spark spends its time on compiling plans and planning again after every shuffle. Every test
# uses these options except the demo's, which shows that the product's own options give the same rows.
_FEW_ROWS = session.INTERPRETED_PLANS | {
    "spark.sql.adaptive.enabled": "false",
    # Spark describes every plan for a page that is not shown.
    "spark.sql.maxPlanStringLength": "1000",
}
# Java's second compiler took nearly half of all CPU time: most code runs too rarely to earn it back.
_OPTIONS = [session.QUICK_JVM_OPTIONS, "-XX:+UseParallelGC"]
_OPTIONS += [f"-D{name}={value}" for name, value in _FEW_ROWS.items()]
os.environ.setdefault(commands.SPARK_OPTIONS, " ".join(_OPTIONS))
# pyspark takes a process without a main file for a doctest and ends it; pytest-xdist's workers have none.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
# On a busy machine an example may take any time.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a stack that all workers of a run share; this fixture starts nothing."""
    home = _shared_folder(tmp_path_factory) / "stack"
    loaded = settings_module.load(home=home)
    # With few rows, each additional partition of a topic or a shuffle costs more than it saves.
    spark = loaded.spark.model_copy(update={"master": "local[2]", "shuffle_partitions": 1})
    kafka = loaded.kafka.model_copy(update={"partitions": 1})
    loaded = loaded.model_copy(update={"spark": spark, "kafka": kafka})
    with filelock.FileLock(home.with_name("addresses.lock")):
        return addresses.point(loaded, addresses.allocate(loaded))


@pytest.fixture(scope="session")
def stack(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """The same settings with Kafka, the object store and Postgres running behind them.

    The last worker that used the servers stops them.
    """
    users = settings.home.with_name("users")
    users.mkdir(exist_ok=True)
    (users / worker_id).touch()
    try:
        local_stack.up(settings)
        yield settings
    finally:
        with filelock.FileLock(users.with_suffix(".lock")):
            (users / worker_id).unlink()
            if not any(users.iterdir()):
                local_stack.down(settings)


@pytest.fixture(scope="session")
def api_url(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running API that writes to the stack's topics, which it has created."""
    log = tmp_path_factory.mktemp("api") / "log"
    with commands.running_api(stack, log=log) as api:
        yield api.url


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running stack for one file, for tests that kill its servers."""
    loaded = settings_module.load(home=tmp_path_factory.mktemp("own-home"))
    own_settings = addresses.point(loaded, addresses.allocate(loaded))
    try:
        local_stack.up(own_settings)
        yield own_settings
    finally:
        local_stack.down(own_settings)


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """A session that the product's code builds; it can reach `stack`, but does not start it."""
    spark_session = session.build(settings, app="tests")
    yield spark_session
    spark_session.stop()


@pytest.fixture
def compiled(spark: SparkSession) -> Iterator[SparkSession]:
    """The session with compiled plans, as the product's steps have them, for one test."""
    for name in session.INTERPRETED_PLANS:
        spark.conf.unset(name)
    yield spark
    for name, value in session.INTERPRETED_PLANS.items():
        spark.conf.set(name, value)


@pytest.fixture
def new_lake(spark: SparkSession, tmp_path: Path) -> DeltaLake:
    """A lakehouse without tables on the local disk, for one test."""
    return DeltaLake(spark, f"file:{tmp_path}")


@pytest.fixture(scope="session")
def empty_tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lakehouse whose tables have no rows."""
    folder = tmp_path_factory.mktemp("empty")
    for table in TABLES:
        DeltaLake(spark, f"file:{folder}").ensure(table)
    return folder


@pytest.fixture
def lake(new_lake: DeltaLake, tmp_path: Path, empty_tables: Path) -> DeltaLake:
    """A lakehouse with empty tables on the local disk, for one test.

    They are copied: creating four of them takes longer than most tests.
    """
    shutil.copytree(empty_tables, tmp_path, dirs_exist_ok=True)
    return new_lake


@pytest.fixture
def own(stack: Settings, request: pytest.FixtureRequest) -> Settings:
    """The stack's servers, with topics, a bucket and a database for one test."""
    return _isolate(stack, request.node.nodeid)


@pytest.fixture(scope="module")
def shared(stack: Settings, request: pytest.FixtureRequest) -> Settings:
    """The same for all tests of one file."""
    return _isolate(stack, request.node.nodeid)


@pytest.fixture(scope="module")
def filled(spark: SparkSession, shared: Settings) -> Settings:
    """Settings of a lakehouse that holds what `tests.lanes` sends, shared by the tests of one file."""
    from tests import lanes  # here, because it needs the main file set above

    lanes.fill(spark, shared)
    return shared


@pytest.fixture
def store(filled: Settings) -> TableStore:
    """The store of `filled`, for reads without Spark."""
    return TableStore(filled.s3)


def _isolate(stack: Settings, test: str) -> Settings:
    name = f"own-{zlib.crc32(test.encode()):08x}"
    kafka = {"batch_topic": f"{name}-batch", "stream_topic": f"{name}-stream", "consumer_group": name}
    own_settings = stack.model_copy(
        update={
            "kafka": stack.kafka.model_copy(update=kafka),
            "s3": stack.s3.model_copy(update={"bucket": name}),
            "postgres": stack.postgres.model_copy(update={"database": name}),
        }
    )
    topics.create_topics(own_settings.kafka)
    s3_client(own_settings.s3).create_bucket(Bucket=name)
    return own_settings


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
