"""Plugins: how `type = name` in the ini becomes a part of the house.

A plugin is a module with `Options` and `make`, and one line that makes it known, in a file
in `twisted/plugins/` of any distribution:

    sql = Maker(IStore, "sql", "chatd.stores.sql", "SQLite, by URL")

The module is imported only if the ini names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from twisted.plugin import IPlugin
from zope.interface import Interface, implementer
from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from chatd.dropins import broken, providing
from chatd.errors import StartError
from chatd.interfaces import IMaker
from chatd.values import one_of


@implementer(IMaker, IPlugin)
@dataclass(frozen=True)
class Maker:
    """A plugin by the name of its module.

    :param extra: what to write behind `pip install` if something it imports is missing.
    """

    makes: type[Interface]
    name: str
    module: str
    about: str
    extra: str = ""

    def options(self) -> type:
        """The dataclass of its settings."""
        options: type = self._of_module("Options")
        return options

    def make(self, options: Any, reactor: Any) -> Any:
        """The part itself."""
        return self._of_module("make")(options, reactor)

    def _of_module(self, name: str) -> Any:
        try:
            return getattr(import_module(self.module), name)
        except AttributeError as error:
            raise StartError(f"{self.name} is not finished: {error}.") from error
        except ImportError as error:
            missing = error.name or self.module
            remedy = f"pip install '{self.extra or missing}'"
            raise StartError(f"{self.name} needs {missing}: {remedy}") from error


def makers(makes: type[Interface]) -> list[IMaker]:
    """All that make such a part, by name."""
    found = (maker for maker in providing(IMaker) if maker.makes is makes)
    return sorted(found, key=lambda maker: maker.name)


def find(makes: type[Interface], name: str) -> IMaker:
    """The one that makes such a part under this name.

    :raise LookupError: if there is none or more than one; the sentence follows on "is no good:".
    """
    found = [maker for maker in makers(makes) if maker.name == name]
    if len(found) > 1:
        modules = " and ".join(sorted(str(getattr(m, "module", m)) for m in found))
        raise LookupError(f"there are two plugins of that name, {modules}; uninstall one.")
    if not found:
        raise LookupError(_unknown(makes, name))
    return found[0]


def build(makes: type[Interface], name: str, options: Any, reactor: Any) -> Any:
    """Make a part, and see that it is what it says.

    :raise StartError: if something that it needs is missing, or it does not keep its promises.
    """
    part = find(makes, name).make(options, reactor)
    try:
        verifyObject(makes, part)
    except Invalid as error:
        raise StartError(f"{name} is not finished: {error}") from error
    return part


def _unknown(makes: type[Interface], name: str) -> str:
    names = [maker.name for maker in makers(makes)]
    near = get_close_matches(name, names, 1)
    sentence = f"it should be {one_of(names)}{f'; did you mean {near[0]}?' if near else '.'}"
    return " ".join([sentence, *broken()])
