"""The base of every other package: settings, errors, the event contract, offsets, clients."""

from __future__ import annotations
