"""Tests of whole predictions; every other test stands at its module's path."""
