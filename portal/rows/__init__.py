"""Rows as pages and JSON clients read them: one module per noun. ``accounts.access`` decides who may read them."""
