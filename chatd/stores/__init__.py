"""Stores: all that a house keeps. One file each, chosen by `[store] type =` in the ini.

Every one is held to the same contract: tests/stores/contract.py.
"""
