"""What each part reaches on this machine."""

from __future__ import annotations
