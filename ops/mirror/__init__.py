"""Reads Azure back into our rows: one chain of rounds for each workspace, whoever changed something there."""
