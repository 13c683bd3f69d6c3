"""Tests of what goes wrong in any call to Azure; every other test stands at its module's path."""
