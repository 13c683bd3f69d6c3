"""Tests of amlocal/building, each file named after the module it tests."""
