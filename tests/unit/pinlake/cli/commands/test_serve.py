"""`pinlake serve`: its options win over the settings."""

from __future__ import annotations

import pytest

from foundation.settings import Settings
from ingestion.api import server
from tests.unit.pinlake.cli.command_line import run


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The address of each server that would have been started."""
    served: list[tuple[str, int]] = []

    def serve(settings: Settings) -> None:
        served.append((settings.api.host, settings.api.port))

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setenv("PINLAKE_API_PORT", "8123")
    return served


@pytest.mark.parametrize(
    ("arguments", "address"),
    [
        ((), ("127.0.0.1", 8123)),
        (("--port", "0"), ("127.0.0.1", 0)),
        (("--host", "0.0.0.0", "--port", "65535"), ("0.0.0.0", 65535)),
    ],
    ids=["settings", "free port", "both"],
)
def test_an_option_replaces_a_setting(
    arguments: tuple[str, ...], address: tuple[str, int], addresses: list[tuple[str, int]]
) -> None:
    outcome = run("serve", *arguments)

    assert (outcome.code, outcome.out, addresses) == (0, "", [address])


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_does_not_exist_is_refused(port: str, addresses: list[tuple[str, int]]) -> None:
    outcome = run("serve", "--port", port)

    assert (outcome.code, addresses) == (2, [])
    assert "--port" in outcome.err
