"""The public API under /api/v1: typed JSON for scripts, with the rules, queries, services and access of the pages."""
