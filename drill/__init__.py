"""Kill anything at any moment, under load, and prove afterwards that nothing is lost, doubled or stale."""
