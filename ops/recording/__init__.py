"""Writes what Azure says about a thing into its row. Flows and the mirror share this, so both write the same."""
