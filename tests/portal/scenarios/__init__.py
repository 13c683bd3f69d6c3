"""Tests of all pages together; every other test stands at its module's path."""
