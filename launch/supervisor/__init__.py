"""Starts, watches and ends the processes of script/server, without Django.

``parts`` says what runs and how, ``children`` runs one, ``supervision`` all of them.
"""
