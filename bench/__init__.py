"""Benchmarks: what is fast is measured here, never in a timed test.

Read targets.py for what is asked, loads.py for how it is measured, servers.py for those that
are compared, and rounds.py for how runs are repeated and which are thrown away.
"""
