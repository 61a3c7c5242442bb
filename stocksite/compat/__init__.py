"""The addresses of the systems this one replaces: thin calls into the rooms, behind the same auth.

They answer in JSON; a browser that is not logged in is sent to the login like anywhere else.
"""
