"""Airflow next to the local stack, and its DAGs in dags/."""

from __future__ import annotations
