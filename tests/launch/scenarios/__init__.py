"""Tests of the programs as a whole; every other test stands at its module's path."""
