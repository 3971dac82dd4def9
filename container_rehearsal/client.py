"""A client that posts a pin every tenth of a second, even while the API is down."""

from __future__ import annotations

import itertools
import threading
import time
import uuid
from collections.abc import Sequence

import httpx

from foundation.background_thread import BackgroundThread
from foundation.event import new_event_id

INTERVAL_SECONDS = 0.1
TIMEOUT_SECONDS = 2.0


class PostingClient(BackgroundThread):
    """A thread that posts new pins, and repeats each until the API answers 201.

    At the end it posts no new pin, and waits for the 201 of the last one.

    Args:
        url: of the API.

    Attributes:
        answered_at: the monotonic time of the 201 for each pin.
    """

    def __init__(self, url: str) -> None:
        super().__init__("posting-client")
        self.answered_at: list[float] = []
        self._url = url
        self._answered = threading.Condition()

    def await_answers(self, count: int) -> None:
        """Wait until at least `count` pins are answered with 201."""
        with self._answered:
            self._answered.wait_for(lambda: len(self.answered_at) >= count)

    def longest_silence(self) -> float:
        """Return the longest time between two answers with 201, in seconds."""
        return longest_gap(self.answered_at)

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=TIMEOUT_SECONDS) as client:
            while not self._ending.wait(INTERVAL_SECONDS):
                pin = {"unique_id": str(uuid.uuid4()), "category": "rehearsal"}
                headers = {"Idempotency-Key": new_event_id()}
                while not self._is_acknowledged(client, pin=pin, headers=headers):
                    self._ending.wait(INTERVAL_SECONDS)
                with self._answered:
                    self.answered_at.append(time.monotonic())
                    self._answered.notify_all()

    def _is_acknowledged(self, client: httpx.Client, *, pin: dict[str, str], headers: dict[str, str]) -> bool:
        try:
            return client.post("/pin/", json=pin, headers=headers).status_code == httpx.codes.CREATED
        except httpx.TransportError:
            return False


def longest_gap(moments: Sequence[float]) -> float:
    """Return the longest time between neighbours of an ascending sequence; 0 if it has fewer than two."""
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)
