"""Tests of amlocal/web, each file named after the module it tests."""
