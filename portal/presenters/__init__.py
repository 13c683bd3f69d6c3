"""What a page shows of its rows: one module per noun. ``accounts.access`` decides who may read them."""
