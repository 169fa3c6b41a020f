"""Benchmarks: commands that print ratios of things measured in the same run, alternating, medians."""
