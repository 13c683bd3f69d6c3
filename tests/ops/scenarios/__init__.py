"""Tests of whole ways through several modules; every other test stands at its module's path."""
