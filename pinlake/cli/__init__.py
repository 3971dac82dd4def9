"""The command line: one thin module per command in commands/, and support modules here."""

from __future__ import annotations
