"""The API as a child process, for the duration of a block."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from foundation.errors import TransientError
from foundation.settings import Settings
from local_stack.addresses import HOST, free_ports
from local_stack.pinlake_command import running_command

READY_SECONDS = 30
POLL_SECONDS = 0.1


@contextmanager
def running_api(settings: Settings) -> Iterator[str]:
    """Run `pinlake serve` on a free port and yield its URL when it is ready.

    Args:
        settings: of the API.

    Raises:
        TransientError: the API was not ready in time.
    """
    (port,) = free_ports(1)
    url = f"http://{HOST}:{port}"
    log = settings.home.resolve() / "logs" / "api.log"
    command = ["serve", "--host", HOST, "--port", str(port)]
    with running_command(command, settings, log=log) as server:
        if not _await_ready(server, url):
            raise TransientError(
                f"the API was not ready within {READY_SECONDS} s", where=str(log), hint="Read its log."
            )
        yield url


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
