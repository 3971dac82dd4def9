"""A background thread runs during the block, and has ended when the block is left, also by an error."""

from __future__ import annotations

import threading

import pytest

from foundation.background_thread import BackgroundThread


class Recorder(BackgroundThread):
    """A thread that records that it runs, and that it was asked to end."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.started = threading.Event()
        self.ended = False

    def _run(self) -> None:
        self.started.set()
        self.ended = self._ending.wait(20)


@pytest.mark.parametrize("fails", [False, True])
def test_the_thread_ends_with_its_block(fails: bool) -> None:
    recorder = Recorder()
    try:
        with recorder as thread:
            assert thread is recorder
            assert recorder.started.wait(20)
            if fails:
                raise OSError("fault")
    except OSError:
        assert fails

    assert recorder.ended
    assert "recorder" not in [thread.name for thread in threading.enumerate()]
