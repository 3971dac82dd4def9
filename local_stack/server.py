"""The interface of the servers of the local stack."""

from __future__ import annotations

from typing import Protocol

from local_stack.process import Child


class Server(Protocol):
    """One server of the local stack, made from settings and addresses; it has no state of its own."""

    @property
    def child(self) -> Child:
        """Its process."""

    @property
    def port(self) -> int:
        """The loopback port for clients."""

    @property
    def address(self) -> str:
        """The address for clients, without secrets."""

    def prepare(self) -> list[str]:
        """Create data folder and configuration; return the command that starts the server."""

    def answers(self) -> bool:
        """Return whether the server answers requests now."""
