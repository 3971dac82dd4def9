"""Log lines: all of Pinlake's own, and of libraries only those that a reader can act on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from foundation import logging_setup


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, kafka = logging.getLogger(), logging.getLogger("kafka")
    handlers, levels = root.handlers[:], (root.level, kafka.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    kafka.setLevel(levels[1])
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        ("INFO", ["of ours", "of ours, an error", "of another library"]),
        ("DEBUG", ["of ours", "of ours, an error", "refused", "gone", "of another library"]),
        ("ERROR", ["of ours, an error", "of another library"]),
    ],
)
def test_the_kafka_client_is_quiet_unless_one_debugs(
    level: str, printed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    logging_setup.configure(level=level)

    structlog.get_logger().info("of ours")
    structlog.get_logger().error("of ours, an error")
    logging.getLogger("kafka.net.manager").error("refused")
    logging.getLogger("kafka.net.connection").warning("gone")
    logging.getLogger("another").warning("of another library")

    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["event"] for line in lines] == printed
