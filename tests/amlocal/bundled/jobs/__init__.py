"""Tests of amlocal/bundled/jobs, each file named after the module it tests."""
