"""The JSON forms of pages, as docs/json.md describes them: one module per noun. The only place that builds them."""
