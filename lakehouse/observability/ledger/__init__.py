"""The ledger: rows into and out of every step of every run, and the check that the sums close."""
