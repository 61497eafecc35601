"""Benchmarks: what is fast is measured here, never in a timed test.

Read targets.py for what is asked, loads.py for how it is measured, peers.py for those that chatd
is compared with, and rounds.py for how runs are repeated and which are thrown away.
"""
