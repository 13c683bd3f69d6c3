"""Starts, watches and ends the processes of script/server, without Django.

``services`` says what runs and how, ``service_process`` runs one of them, ``supervisor`` all of them.
"""
