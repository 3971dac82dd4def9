"""What the stack asks of each of its servers."""

from __future__ import annotations

from typing import Protocol

from local_stack.process import Child


class Server(Protocol):
    """One server of the local stack, made from settings and addresses; it holds no state of its own."""

    @property
    def child(self) -> Child:
        """Its process."""

    @property
    def port(self) -> int:
        """The loopback port its clients use."""

    @property
    def address(self) -> str:
        """Where its clients reach it, without any secret."""

    def prepare(self) -> list[str]:
        """Make data folder and configuration, and return the command that starts it."""

    def answers(self) -> bool:
        """Return whether it serves requests now."""
