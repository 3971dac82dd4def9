"""Clients of the HTTP API: one that posts pins, and an emulator of many."""

from __future__ import annotations
