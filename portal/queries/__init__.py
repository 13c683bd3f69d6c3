"""Querysets and counts: which rows a page reads, with all that it names. One module per noun; no request."""
