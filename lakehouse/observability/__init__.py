"""Ledger, reconciliation, schema drift, pin trace and quality report."""

from __future__ import annotations
