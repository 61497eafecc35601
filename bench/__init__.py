"""Benchmarks: what is fast is measured here, never in a timed test."""
