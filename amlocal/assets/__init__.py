"""Versioned assets: data, codes, environments, registered models."""
