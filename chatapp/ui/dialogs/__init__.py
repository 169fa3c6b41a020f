"""Questions that wait for an answer; each returns a typed result."""
