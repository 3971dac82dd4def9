"""Pipelines: the batch lane, the stream lane and its status, and detection of data loss."""

from __future__ import annotations
