"""Tests of amlocal/jobs, each file named after the module it tests."""
