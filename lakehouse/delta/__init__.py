"""Reading and writing Delta tables: commits, their metadata, streaming checkpoints, locks."""

from __future__ import annotations
