"""Tests of amlocal/arm, each file named after the module it tests."""
