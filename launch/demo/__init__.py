"""The main job, done over HTTP only: a person signs in with a form, and a script goes on with a token of the API.

Imports no Django and touches no database: what it sees is what anybody outside sees.
"""
