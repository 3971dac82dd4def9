"""A front door as a child process, for as long as somebody needs one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.errors import TransientError
from foundation.settings import PREFIX, Settings
from local_stack.addresses import HOST, free_ports

READY_SECONDS = 30
STOP_SECONDS = 20
POLL_SECONDS = 0.1


@contextmanager
def running_api(settings: Settings) -> Iterator[str]:
    """Run `pinlake serve` on a free port and yield its URL once it is ready.

    Args:
        settings: home, and the broker it hands its events to.

    Raises:
        TransientError: it was not ready in time.
    """
    (port,) = free_ports(1)
    url = f"http://{HOST}:{port}"
    log = settings.home.resolve() / "logs" / "door.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = {
        f"{PREFIX}HOME": str(settings.home.resolve()),
        f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        f"{PREFIX}KAFKA_SECURITY_PROTOCOL": settings.kafka.security_protocol,
    }
    command = [sys.executable, "-m", "pinlake", "serve", "--host", HOST, "--port", str(port)]
    with log.open("ab") as output:
        door = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **chosen}
        )
    try:
        if not _ready(door, url):
            raise TransientError(
                f"the door was not ready within {READY_SECONDS} s", where=str(log), hint="Read its log."
            )
        yield url
    finally:
        door.terminate()
        try:
            door.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            door.kill()
            door.wait()


def _ready(door: subprocess.Popen[bytes], url: str) -> bool:
    def done() -> bool:
        if door.poll() is not None:
            return True
        try:
            return httpx.get(f"{url}/ready", timeout=5).is_success
        except httpx.TransportError:
            return False

    waiting = Retrying(
        retry=retry_if_result(lambda answered: not answered),
        stop=stop_after_delay(READY_SECONDS),
        wait=wait_fixed(POLL_SECONDS),
        retry_error_callback=lambda state: False,
    )
    return bool(waiting(done)) and door.poll() is None
