"""Tests of amlocal/storage, each file named after the module it tests."""
