"""Advances operations one step at a time: the lease, the step, what follows from it. Knows no flow by name."""
