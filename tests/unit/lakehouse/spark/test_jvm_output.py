"""The JVM's output: everything but its meaningless lines reaches standard error, nothing standard output."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from lakehouse.spark.jvm_output import redirect_jvm_output


def test_only_meaningful_lines_reach_standard_error(
    capfd: pytest.CaptureFixture[str], wait_for_the_forwarder: Callable[[], None]
) -> None:
    with redirect_jvm_output():
        os.write(1, b"WARNING: Using incubator modules: jdk.incubator.vector\n")
        os.write(2, b"Deleted 12 files and directories in a total of 3 directories.\n")
        os.write(1, b"Found 12 files (1 kB) in directories that are safe to delete.\n")
        os.write(1, b"a stack trace\n")
        os.write(2, b"Deleted files are gone\nwithout a line's end")
    wait_for_the_forwarder()

    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == "a stack trace\nDeleted files are gone\nwithout a line's end"


def test_both_streams_are_as_before_after_the_block(
    capfd: pytest.CaptureFixture[str], wait_for_the_forwarder: Callable[[], None]
) -> None:
    with pytest.raises(ValueError, match="in the block"), redirect_jvm_output():
        raise ValueError("in the block")
    os.write(1, b"rows\n")
    os.write(2, b"Deleted 1 files in a directory, says the command\n")
    wait_for_the_forwarder()

    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("rows\n", "Deleted 1 files in a directory, says the command\n")


@pytest.fixture
def wait_for_the_forwarder() -> Callable[[], None]:
    """Wait for the thread that the test has started; a session of this process has one of its own."""
    others = set(threading.enumerate())

    def wait() -> None:
        for thread in set(threading.enumerate()) - others:
            if thread.name == "java-output":
                thread.join(20)
                assert not thread.is_alive()

    return wait
