"""Settings, errors, the contract of an event, and the command line."""

from __future__ import annotations
