"""Pins erased from tables, files and Postgres, and what is left of them searched for."""
