"""chatd: a self-hosted chat daemon; one process, one ini file, every client.

Where to start reading: docs/path-of-a-message.md, then chatd/interfaces.py.
"""

__version__ = "0.1.0"
