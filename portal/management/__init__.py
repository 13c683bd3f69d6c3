"""Commands of the portal for ``manage.py``."""
