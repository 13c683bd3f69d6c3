"""Starts, watches and ends the processes of script/server. Only ``preparing`` imports Django: it is run as a child.

``parts`` says what runs and how, ``children`` runs one, ``supervision`` all of them; ``portal.serve`` is the command.
"""
