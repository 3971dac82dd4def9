"""The server process of the API: a listening socket, uvicorn, and an orderly shutdown."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from foundation.errors import ConfigurationError
from foundation.settings import Settings
from ingestion.api.app import create_app
from ingestion.api.protocol import Protocol

BACKLOG = 2048
GRACE_SECONDS = 10

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way.

    Raises:
        ConfigurationError: the address cannot be used.
    """
    config = uvicorn.Config(
        create_app(settings),
        loop="uvloop",
        http=Protocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with _listen(settings) as listener, _quiet_shutdown():
        host, port = listener.getsockname()[:2]
        _log.info("door listening", address=f"http://{host}:{port}")
        uvicorn.Server(config).run(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    address = (settings.api.host, settings.api.port)
    try:
        return socket.create_server(address, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"the API cannot listen: {error.strerror}",
            where=f"{address[0]}:{address[1]}",
            hint="Stop the program that listens there, or set PINLAKE_API_HOST and PINLAKE_API_PORT.",
        ) from error


@contextlib.contextmanager
def _quiet_shutdown() -> Iterator[None]:
    # uvicorn raises the signal that stopped it again, for the handlers it replaced. Here they do nothing: an
    # orderly shutdown is not a failure.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
