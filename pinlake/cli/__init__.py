"""The command line: one thin module per command in commands/, and what they share."""

from __future__ import annotations
