"""Server processes, tested with small real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from foundation.errors import TerminalError, TransientError
from local_stack import process
from local_stack.process import Child
from tests import commands

WAITS = "import signal; print('up', flush=True); signal.pause()"
IGNORES_TERM = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\n"
    "while True: signal.pause()"
)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    made = Child(
        name="probe", own_argument=f"probe-{uuid.uuid4()}", run=tmp_path / "run", log=tmp_path / "probe.log"
    )
    yield made
    process.stop(made, seconds=0)


def _start(child: Child, code: str = WAITS) -> psutil.Process:
    """Start a Python process and wait until it has printed that it is up."""
    started = process.start(child, [sys.executable, "-c", code, child.own_argument])
    process.await_answer(child, lambda: "up" in child.log.read_text(), seconds=20)
    return started


def test_a_started_process_is_found_by_its_pid_file(child: Child) -> None:
    started = _start(child)

    assert process.find(child) == started
    assert json.loads(child.pid_file.read_text())["pid"] == started.pid
    assert child.pid_file.stat().st_mode & 0o777 == 0o600
    assert os.getsid(started.pid) == started.pid


@pytest.mark.parametrize(
    "text", [None, "", "garbage", "[]", '{"pid": 1, "create_time": 0}', '{"pid": 1e999}']
)
def test_a_running_process_is_found_whatever_its_pid_file_says(text: str | None, child: Child) -> None:
    started = _start(child)
    child.pid_file.unlink()
    if text is not None:
        child.pid_file.write_text(text)

    assert process.find(child) == started


@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary()
    | st.builds(
        lambda pid, start: json.dumps({"pid": pid, "create_time": start}).encode(),
        st.integers() | st.floats() | st.text() | st.none(),
        st.floats() | st.text() | st.none(),
    )
)
def test_no_content_of_a_pid_file_harms(content: bytes, child: Child) -> None:
    child.run.mkdir(exist_ok=True)
    child.pid_file.write_bytes(content)

    assert process.find(child) is None


def test_a_pid_that_belongs_to_another_process_is_never_signalled(child: Child) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"up\n"
        process.record(child, psutil.Process(stranger.pid))

        assert process.stop(child, seconds=5) is False
        assert stranger.poll() is None
        stranger.kill()


def test_a_stopped_process_and_its_pid_file_are_gone(child: Child) -> None:
    started = _start(child)

    assert process.stop(child, seconds=20) is True
    assert not started.is_running()
    assert not child.pid_file.exists()
    assert process.stop(child, seconds=20) is False


def test_a_process_that_ignores_the_request_is_killed(child: Child) -> None:
    started = _start(child, IGNORES_TERM)

    assert process.stop(child, seconds=0.3) is True
    assert not started.is_running()


def test_a_process_whose_parent_does_not_reap_it_is_stopped(child: Child) -> None:
    parent_code = (
        "import subprocess, sys, signal\n"
        "log = open(sys.argv[1], 'wb')\n"
        "subprocess.Popen([sys.executable, '-c', *sys.argv[2:]], stdout=log)\n"
        "signal.pause()"
    )
    command = [sys.executable, "-c", parent_code, str(child.log), WAITS, child.own_argument]
    with subprocess.Popen(command) as parent:
        try:
            commands.until(lambda: child.log.exists() and "up" in child.log.read_text())
            (started,) = psutil.Process(parent.pid).children()
            process.record(child, started)

            assert process.stop(child, seconds=20) is True
            assert started.status() == psutil.STATUS_ZOMBIE
        finally:
            parent.kill()


def test_a_killed_process_is_not_found_even_as_a_zombie(child: Child) -> None:
    started = _start(child)
    # No process has waited for it yet, so the system keeps its entry.
    started.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, started.pid, os.WEXITED | os.WNOWAIT)

    assert process.find(child) is None


def test_the_error_of_a_process_that_ends_while_starting_has_its_last_line(child: Child) -> None:
    process.start(child, [sys.executable, "-c", "raise SystemExit('no such folder')", child.own_argument])

    with pytest.raises(TerminalError, match="ended while it was starting: no such folder"):
        process.await_answer(child, lambda: False, seconds=20)


def test_a_process_that_does_not_answer_in_time_is_an_error(child: Child) -> None:
    _start(child)

    with pytest.raises(TransientError, match=r"did not answer within 0 s.*probe\.log"):
        process.await_answer(child, lambda: False, seconds=0.3)


def test_the_child_gets_nothing_else_of_the_environment(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINLAKE_POSTGRES_PASSWORD", "hunter2")
    _start(child, f"import os; print(sorted(os.environ), flush=True); {WAITS}")

    assert "PATH" in child.log.read_text()
    assert "PINLAKE" not in child.log.read_text()
