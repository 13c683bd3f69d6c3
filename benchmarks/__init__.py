"""Measurements behind docs/benchmarks.md: ``script/bench [NAME …]``. Each prints its figures as lines of a table."""
