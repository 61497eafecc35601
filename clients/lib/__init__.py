"""What the Python clients share: how to talk with a chat server, whatever it looks like.

Start with `conversation.py`, which needs no network; `connection.py` gives it one.
"""
