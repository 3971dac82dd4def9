"""The application: features that need several packages, and the command line."""

from __future__ import annotations
