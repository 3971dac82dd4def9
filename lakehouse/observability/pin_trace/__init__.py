"""The history of one pin through every table, in order of time."""

from __future__ import annotations
