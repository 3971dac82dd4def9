"""What every other package depends on: settings, errors, the event contract, offsets, clients."""

from __future__ import annotations
