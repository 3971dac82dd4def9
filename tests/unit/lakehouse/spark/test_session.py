"""The Spark session: what it is configured with, where secrets stay, and that it always stops."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from py4j.protocol import Py4JNetworkError
from pydantic import SecretStr
from pyspark.sql import SparkSession

from foundation.java import jars
from foundation.settings import S3Settings, Settings, SparkSettings
from lakehouse.spark import cleaning_functions, log_store, session
from tests.unit.lakehouse.spark.java_class_lookups import Classes

KEYS = S3Settings(
    endpoint="https://store:9000", region="eu-north-1", access_key="key", secret_key=SecretStr("hunter2")
)


class Started:
    """A session that has not been started, only configured.

    Attributes:
        options: what the builder was given: visible on the JVM's command line.
        hadoop: what was set in the running JVM.
        log_level: the level that the session was set to.
    """

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.hadoop: dict[str, str] = {}
        self.log_level = ""
        configuration = SimpleNamespace(set=self.hadoop.__setitem__)
        self.sparkContext = SimpleNamespace(
            _jsc=SimpleNamespace(hadoopConfiguration=lambda: configuration),
            _jvm=Classes(),
            setLogLevel=self._set_level,
        )

    def _set_level(self, level: str) -> None:
        self.log_level = level


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What `build` would have started."""
    started = Started()

    def start(builder: Any) -> Started:  # noqa: ANN401 - its options are private
        started.options = dict(builder._options)
        return started

    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", start)
    monkeypatch.setattr(jars, "class_path", lambda jar_set, settings: [Path("/jars/delta.jar")])
    return started


def test_times_are_utc_and_sql_is_ansi(started: Started) -> None:
    session.build(Settings(), app="pinlake silver")

    assert started.options["spark.app.name"] == "pinlake silver"
    assert started.options["spark.sql.session.timeZone"] == "UTC"
    assert started.options["spark.sql.ansi.enabled"] == "true"
    assert started.log_level == "ERROR"


def test_jars_come_from_the_cache_and_our_own_from_the_package(started: Started) -> None:
    session.build(Settings(), app="a")

    paths = started.options["spark.driver.extraClassPath"].split(":")
    assert paths == ["/jars/delta.jar", str(log_store.JAR), str(cleaning_functions.JAR)]
    assert started.options["spark.delta.logStore.s3a.impl"] == log_store.CLASS
    assert started.options["spark.sql.catalog.cleaning"] == cleaning_functions.CLASS
    assert "spark.jars.packages" not in started.options


def test_a_single_writer_uses_deltas_own_log_store(started: Started) -> None:
    session.build(Settings(s3=S3Settings(single_writer=True)), app="a")

    assert "spark.delta.logStore.s3a.impl" not in started.options


@pytest.mark.parametrize("quick", [True, False])
def test_only_a_quick_session_interprets_its_plans(quick: bool, started: Started) -> None:
    session.build(Settings(), app="a", quick=quick)

    java = started.options["spark.driver.extraJavaOptions"]
    assert (session.QUICK_JVM_OPTIONS in java) == quick
    assert ("spark.sql.codegen.factoryMode" in started.options) == quick
    assert "log4j2.properties" in java


def test_executors_of_a_cluster_get_jars_and_limits(started: Started) -> None:
    session.build(Settings(spark=SparkSettings(master="spark://host:7077", max_cores=3)), app="a")

    sent = f"/jars/delta.jar,{log_store.JAR},{cleaning_functions.JAR}"
    assert started.options["spark.jars"] == sent
    assert started.options["spark.cores.max"] == "3"
    assert started.options["spark.executor.memory"] == "1g"

    session.build(Settings(), app="a")
    assert {"spark.jars", "spark.cores.max"}.isdisjoint(started.options)


def test_the_secret_is_set_in_the_jvm_and_not_on_its_command_line(started: Started) -> None:
    session.build(Settings(s3=KEYS), app="a")

    assert "hunter2" not in str(started.options)
    assert started.hadoop["fs.s3a.secret.key"] == "hunter2"
    assert started.hadoop["fs.s3a.access.key"] == "key"


@pytest.mark.parametrize(
    ("endpoint", "ssl"), [("https://store:9000", "true"), ("http://store:9000", "false")]
)
def test_a_store_of_ones_own_is_addressed_by_path(endpoint: str, ssl: str, started: Started) -> None:
    session.build(Settings(s3=KEYS.model_copy(update={"endpoint": endpoint})), app="a")

    assert started.hadoop["fs.s3a.endpoint"] == endpoint
    assert started.hadoop["fs.s3a.path.style.access"] == "true"
    assert started.hadoop["fs.s3a.connection.ssl.enabled"] == ssl
    assert started.hadoop["fs.s3a.endpoint.region"] == "eu-north-1"


def test_without_endpoint_and_keys_aws_finds_both_itself(started: Started) -> None:
    session.build(Settings(s3=S3Settings(access_key="only half")), app="a")

    assert not {"fs.s3a.endpoint", "fs.s3a.access.key", "fs.s3a.secret.key"} & set(started.hadoop)


@pytest.mark.parametrize("error", [Py4JNetworkError("no answer"), ConnectionRefusedError(), None])
def test_a_session_is_stopped_in_a_thread_of_its_own_even_without_its_jvm(error: Exception | None) -> None:
    threads: list[str] = []

    def stop() -> None:
        threads.append(threading.current_thread().name)
        if error:
            raise error

    session.stop(SimpleNamespace(stop=stop))  # type: ignore[arg-type] # only its end is used

    assert threads == ["stop-spark"]
