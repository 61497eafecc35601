"""`chat`, the terminal client: full screen, line by line, or from a script.

All views share `session.py` (one run of the program), `commands.py` (what can be typed after a
slash) and `looks.py` (how events look as text).
"""
