"""Whole flows through amlocal and what holds for all of it: the main path, restarts, kills, load, attackers, odd
requests, other projects. These files are named after what happens, not after a module."""
