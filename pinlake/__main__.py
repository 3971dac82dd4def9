"""`python -m pinlake`: the command line, for child processes that must run this very environment."""

from __future__ import annotations

from pinlake.cli.main import main

main()
