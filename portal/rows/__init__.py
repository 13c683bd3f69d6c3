"""Rows as pages and JSON clients read them: one module per noun. Who may read them is decided in ``portal.access``."""
