"""Tests of amlocal/serving, each file named after the module it tests."""
