"""Sets up a checkout: environments, browser packages, catalogues, static files. Standard library only, no Django.

Runs with any Python 3.11 to 3.13 before anything is installed; starting the site is ``launch.supervisor``.
"""
