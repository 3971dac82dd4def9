"""The listening socket of the API, and the signals of its shutdown."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import pytest

from foundation.errors import ConfigurationError
from foundation.settings import ApiSettings, Settings
from ingestion.api import server


def _settings(host: str, port: int) -> Settings:
    return Settings(_env_file=None, api=ApiSettings(host=host, port=port))


def test_port_zero_is_a_free_port() -> None:
    with server._listen(_settings("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        assert port > 0


def test_the_error_of_a_taken_port_names_address_and_settings() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError) as raised:
            server._listen(_settings("127.0.0.1", port))

    assert raised.value.what.startswith("the API cannot listen: Address already in use")
    assert raised.value.where == f"127.0.0.1:{port}"
    assert "PINLAKE_API_HOST and PINLAKE_API_PORT" in raised.value.hint


def test_the_error_of_an_address_of_another_machine_names_it() -> None:
    # Reserved for documentation (RFC 5737).
    with pytest.raises(ConfigurationError, match=r"cannot listen: .*\(192\.0\.2\.1:0\)"):
        server._listen(_settings("192.0.2.1", 0))


class StopError(Exception):
    """Raised by the handlers that were there before."""


@pytest.fixture
def raising_handlers() -> Iterator[None]:
    def stop(number: int, _frame: object) -> None:
        raise StopError(number)

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, stop) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("raising_handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_is_raised_again_at_the_end_is_not_a_failure(number: signal.Signals) -> None:
    with server._quiet_shutdown():
        signal.raise_signal(number)

    with pytest.raises(StopError):
        signal.raise_signal(number)


@pytest.mark.usefixtures("raising_handlers")
def test_the_handlers_are_back_after_a_failure_too() -> None:
    with pytest.raises(OSError, match="fault"), server._quiet_shutdown():
        raise OSError("fault")

    with pytest.raises(StopError):
        signal.raise_signal(signal.SIGTERM)
