"""The quality report: collected from the tables, rendered as one page, delivered to a folder or to S3."""

from __future__ import annotations
