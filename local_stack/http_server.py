"""The API as a child process, for the duration of a block."""

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
    """Run `pinlake serve` on a free port and yield its URL when it is ready.

    Args:
        settings: home, and the broker that gets the events.

    Raises:
        TransientError: the API was not ready in time.
    """
    (port,) = free_ports(1)
    url = f"http://{HOST}:{port}"
    log = settings.home.resolve() / "logs" / "api.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    variables = {
        f"{PREFIX}HOME": str(settings.home.resolve()),
        f"{PREFIX}KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        f"{PREFIX}KAFKA_SECURITY_PROTOCOL": settings.kafka.security_protocol,
    }
    command = [sys.executable, "-m", "pinlake", "serve", "--host", HOST, "--port", str(port)]
    with log.open("ab") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **variables}
        )
    try:
        if not _await_ready(server, url):
            raise TransientError(
                f"the API was not ready within {READY_SECONDS} s", where=str(log), hint="Read its log."
            )
        yield url
    finally:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await_ready(server: subprocess.Popen[bytes], url: str) -> bool:
    def is_ready_or_dead() -> bool:
        if server.poll() is not None:
            return True
        try:
            return httpx.get(f"{url}/ready", timeout=5).is_success
        except httpx.TransportError:
            return False

    waiting = Retrying(
        retry=retry_if_result(lambda ended: not ended),
        stop=stop_after_delay(READY_SECONDS),
        wait=wait_fixed(POLL_SECONDS),
        retry_error_callback=lambda state: False,
    )
    return bool(waiting(is_ready_or_dead)) and server.poll() is None
