"""What runs before and around the site, without Django: set-up, the supervisor of script/server, the demo.

Of the portal it imports ``portal.env`` only, which reads the settings from environment variables; the demo also uses
what ``scoring`` has without Django, to compute an answer by itself.
"""
