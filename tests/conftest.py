"""What every test can ask for: settings of their own, and the real stack, started once for all of them."""

from __future__ import annotations

import os
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
from lakehouse.delta.lake import DeltaLake
from lakehouse.query.table_reader import TableStore
from lakehouse.spark import session
from local_stack import addresses
from local_stack import stack as local_stack
from tests import commands

# What a Spark of a few rows costs is compiling its plans and planning them anew after every shuffle. All
# tests inherit this but the demo's, which shows that the product as it is gives the same rows.
_FEW_ROWS = session.INTERPRETED_PLANS | {"spark.sql.adaptive.enabled": "false"}
_OPTIONS = ["-XX:+UseParallelGC", *(f"-D{name}={value}" for name, value in _FEW_ROWS.items())]
os.environ.setdefault(commands.SPARK_OPTIONS, " ".join(_OPTIONS))
# A process without a main file, as those that run tests side by side, pyspark takes for doctests and ends.
if not hasattr(sys.modules["__main__"], "__file__"):
    sys.modules["__main__"].__file__ = __file__
# An example takes as long as a busy machine lets it.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _warm_process_ends() -> Iterator[None]:
    yield
    commands.end_warm_process()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that point to a stack that all workers of a run share; nothing is started."""
    home = _shared_folder(tmp_path_factory) / "stack"
    loaded = settings_module.load(home=home)
    # For a few rows, each further partition of a shuffle costs more than it gives.
    spark = loaded.spark.model_copy(update={"master": "local[2]", "shuffle_partitions": 1})
    loaded = loaded.model_copy(update={"spark": spark})
    with filelock.FileLock(home.with_name("addresses.lock")):
        return addresses.point(loaded, addresses.allocate(loaded))


@pytest.fixture(scope="session")
def stack(settings: Settings, worker_id: str) -> Iterator[Settings]:
    """The same settings with Kafka, the object store and Postgres running behind them.

    The last worker that used them stops them.
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
def door(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running door that posts into the stack's topics, which it has created."""
    log = tmp_path_factory.mktemp("door") / "log"
    with commands.running_door(stack, log=log) as running:
        yield running.url


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A running stack of one file's own, for tests that kill its servers."""
    loaded = settings_module.load(home=tmp_path_factory.mktemp("own-home"))
    pointed = addresses.point(loaded, addresses.allocate(loaded))
    try:
        local_stack.up(pointed)
        yield pointed
    finally:
        local_stack.down(pointed)


@pytest.fixture(scope="session")
def spark(settings: Settings) -> Iterator[SparkSession]:
    """The one session, built as the product builds it; it can reach `stack`, but does not start it."""
    running = session.build(settings, app="tests")
    yield running
    running.stop()


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> DeltaLake:
    """An empty lakehouse on the local disk, a test's own."""
    return DeltaLake(spark, f"file:{tmp_path}")


@pytest.fixture
def own(stack: Settings, request: pytest.FixtureRequest) -> Settings:
    """The stack's servers, with topics, a bucket and a database of this test's own."""
    return _apart(stack, request.node.nodeid)


@pytest.fixture(scope="module")
def shared(stack: Settings, request: pytest.FixtureRequest) -> Settings:
    """The same for the tests of one file together."""
    return _apart(stack, request.node.nodeid)


@pytest.fixture(scope="module")
def filled(spark: SparkSession, shared: Settings) -> Settings:
    """Settings of a lakehouse that holds what `tests.lanes` sends, shared by the tests of one file."""
    from tests import lanes  # only now: it imports what ends a process without a main file, see above

    lanes.fill(spark, shared)
    return shared


@pytest.fixture
def store(filled: Settings) -> TableStore:
    """Its store, as it is read without Spark."""
    return TableStore(filled.s3)


def _apart(stack: Settings, whose: str) -> Settings:
    name = f"own-{zlib.crc32(whose.encode()):08x}"
    kafka = {"batch_topic": f"{name}-batch", "stream_topic": f"{name}-stream", "consumer_group": name}
    made = stack.model_copy(
        update={
            "kafka": stack.kafka.model_copy(update=kafka),
            "s3": stack.s3.model_copy(update={"bucket": name}),
            "postgres": stack.postgres.model_copy(update={"database": name}),
        }
    )
    topics.create_topics(made.kafka)
    s3_client(made.s3).create_bucket(Bucket=name)
    return made


def _shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
