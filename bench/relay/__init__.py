"""How fast files go through chatd, and through what one would use without it.

Read trips.py for what is sent where, carriage.py for who sends and receives, peers.py for the
other relays; the loads and targets stand with all others.
"""
