"""What every test can ask for: settings of their own, and the real stack, started once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lakehouse import session
from lakehouse.warehouse import Warehouse
from local_stack import addresses
from local_stack import stack as local_stack
from pinlake import settings as settings_module
from pinlake.settings import Settings
from tests import commands


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings that point to a stack of this session's own, in a folder of its own; nothing is started."""
    loaded = settings_module.load(home=tmp_path_factory.mktemp("home"))
    return addresses.point(loaded, addresses.allocate(loaded))


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Iterator[Settings]:
    """The same settings with Kafka, the object store and Postgres running behind them."""
    try:
        local_stack.up(settings)
        yield settings
    finally:
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
def warehouse(tmp_path: Path) -> Warehouse:
    """An empty warehouse on the local disk, a test's own."""
    return Warehouse(f"file:{tmp_path}")
