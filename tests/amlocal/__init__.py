"""amlocal's tests: a module's own at its path, whole flows in scenarios/. They need nothing of the portal."""
