"""The application: what needs several packages at once, and the command line."""

from __future__ import annotations
