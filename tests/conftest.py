"""What every test can ask for: settings of their own, and the real stack, started once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_stack import addresses
from local_stack import stack as local_stack
from pinlake import settings as settings_module
from pinlake.settings import Settings


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
