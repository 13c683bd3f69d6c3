"""What happens to an operation in Azure, one step at a time, and the mirror that reads Azure back into our rows.

Flows import ``ops.azure``, ``ops.models``, ``ops.errors``, ``ops.vault`` and ``ops.recipes``. They queue nothing: a
step returns when to come back.
"""
