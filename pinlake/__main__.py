"""`python -m pinlake`: the command line, for child processes that must run in this Python environment."""

from __future__ import annotations

from pinlake.cli.main import main

main()
