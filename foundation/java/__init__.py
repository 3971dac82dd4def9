"""Java and its libraries: how they are found, locked and fetched."""

from __future__ import annotations
