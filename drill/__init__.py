"""A drill: any process is killed at any moment under load, and nothing may be lost, doubled or stale."""
