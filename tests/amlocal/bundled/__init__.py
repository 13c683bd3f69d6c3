"""Tests of amlocal/bundled, each file named after the module it tests."""
