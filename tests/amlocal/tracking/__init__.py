"""Tests of amlocal/tracking, each file named after the module it tests."""
