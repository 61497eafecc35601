"""Authenticators: ways to prove who one is. Add a file, add a way."""
