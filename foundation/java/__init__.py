"""Java and its libraries: found, locked, fetched."""

from __future__ import annotations
