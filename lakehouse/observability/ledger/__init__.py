"""What went into every step and what came out of it, and whether the sums close."""
