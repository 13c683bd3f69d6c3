"""Command jobs, the processes that run them, and their run history."""
