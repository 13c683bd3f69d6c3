"""Tests of amlocal/assets, each file named after the module it tests."""
