"""Locks in the object store, so that one process writes a table."""

from __future__ import annotations
