"""The main job, done over HTTP only as a browser would: forms, session and CSRF; results from the pages' JSON form.

Imports no Django and touches no database: what it sees is what a person sees.
"""
