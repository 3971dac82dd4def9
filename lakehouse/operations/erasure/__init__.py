"""Erasure of pins from tables, files and Postgres, and the search that verifies it."""
