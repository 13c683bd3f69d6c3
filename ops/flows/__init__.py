"""What happens in Azure for each kind of operation, one step at a time.

Flows queue nothing: a step returns what follows. They use ``ops.azure``, ``ops.engine``, ``ops.recording`` and rows.
"""
