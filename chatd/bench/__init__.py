"""`chatd bench`: clients who talk through the real wire, and what became of all they said.

A load test is a client many times over, so it knows the grammars, what the clients share, and
nothing of the house; the daemon never imports it. Start with `tally.py`, which needs no
network; `load.py` gives it one.
"""
