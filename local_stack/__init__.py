"""Kafka, S3 and PostgreSQL as child processes on loopback."""

from __future__ import annotations
