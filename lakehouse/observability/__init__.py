"""Ledger, reconciliation, schema drift, pin traces and the quality report."""

from __future__ import annotations
