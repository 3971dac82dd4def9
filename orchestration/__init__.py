"""Airflow as the local stack runs it, and in dags/ what it runs."""

from __future__ import annotations
