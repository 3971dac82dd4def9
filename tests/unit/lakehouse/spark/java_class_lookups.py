"""A JVM that counts how often each of its classes is looked up."""

from __future__ import annotations

from collections import Counter


class Classes:
    """Gives any name as its class, as py4j does for names that exist.

    Attributes:
        lookups: how often each name was looked up.
    """

    def __init__(self) -> None:
        self.lookups: Counter[str] = Counter()

    def __getattr__(self, name: str) -> str:
        """Look a class up."""
        self.lookups[name] += 1
        return f"class {name}"
