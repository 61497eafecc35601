"""What is dropped into twisted/plugins/, by chatd and by other distributions.

Twisted's own `getPlugins` finds the same, but it would leave out without a word what cannot
be imported, and believes a cache that may be older than the files: see
docs/decisions/0007-finding-plugins.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import Any

import twisted.plugins
from twisted.python.modules import getModule
from zope.interface import Interface


def providing(interface: type[Interface]) -> Iterator[Any]:
    """All objects in all drop-ins that provide an interface."""
    for drop_in in _modules():
        with suppress(Exception):  # told by `broken`, if it turns out to matter
            values = list(vars(import_module(drop_in)).values())
            yield from (value for value in values if interface.providedBy(value))


def broken() -> Iterator[str]:
    """A sentence for each drop-in that cannot be imported: what one looks for may be in it."""
    for drop_in in _modules():
        try:
            import_module(drop_in)
        except Exception as error:
            path = drop_in.replace(".", "/")
            yield f"({path}.py cannot be imported: {type(error).__name__}: {error}.)"


def _modules() -> Iterator[str]:
    """The drop-ins that speak of chatd; others are not imported, some would take half a second."""
    for module in getModule(twisted.plugins.__name__).iterModules():
        if b"chatd" in module.filePath.getContent():
            yield module.name
