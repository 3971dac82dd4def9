"""The quality report: gathered from the tables, rendered as one page, delivered to a folder or S3."""

from __future__ import annotations
