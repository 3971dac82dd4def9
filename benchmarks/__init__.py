"""Benchmarks of every part on this machine."""

from __future__ import annotations
