"""Screens: they coordinate widgets and the session, and hold no logic of their own."""
