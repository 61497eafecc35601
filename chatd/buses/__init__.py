"""Buses: what carries events to every process of the house. Add a file, add a bus."""
