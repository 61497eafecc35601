"""Grammars: bytes or text to values and back. They import nothing of the house."""
