"""Plugins: what comes with chatd, what others drop in, and what is said of broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from pathlib import Path

import pytest
import twisted.plugins
from twisted.plugin import getPlugins
from zope.interface import Interface

from chatd import config, plugins
from chatd.errors import StartError
from chatd.interfaces import IBus, IFrontend, IMaker, IStore
from chatd.plugins import Maker, build, find, makers
from tests.daemon import environment


@dataclass
class DropIns:
    """A further twisted/plugins folder, as another distribution would bring it."""

    folder: Path

    def add(self, name: str, text: str) -> Path:
        """Drop a file into it."""
        path = self.folder / f"{name}.py"
        path.write_text(text)
        return path


@pytest.fixture
def drop_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DropIns]:
    folder = tmp_path / "twisted" / "plugins"
    folder.mkdir(parents=True)
    paths = [*twisted.plugins.__path__, str(folder)]
    monkeypatch.setattr(twisted.plugins, "__path__", paths)
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)
    yield DropIns(folder)
    for name in set(sys.modules) - known:
        del sys.modules[name]


BUS = """
from chatd.interfaces import IBus
from chatd.plugins import Maker
{name} = Maker(IBus, "{name}", "{module}", "for tests")
"""


def all_makers() -> list[IMaker]:
    return [maker for makes in config.FAMILIES.values() for maker in makers(makes)]


def test_what_comes_with_chatd() -> None:
    """Every plugin that comes with chatd can be imported, has settings, and says what it is."""
    names = {maker.name for maker in all_makers()}
    assert {"sql", "memory", "local", "password", "certificate", "irc", "human"} <= names
    for maker in all_makers():
        assert is_dataclass(maker.options()), maker.name
        assert maker.about
        assert all(config.help_of(maker.options(), n) for n in config.settings_of(maker.options()))


def test_every_setting_is_explained() -> None:
    """Every setting of the core has its help."""
    for record in config.SECTIONS.values():
        for name in config.settings_of(record):
            assert config.help_of(record, name), name


def test_twisted_finds_them_too() -> None:
    """Makers are Twisted plugins like all others."""
    assert {maker.name for maker in getPlugins(IMaker)} >= {maker.name for maker in all_makers()}


def test_only_what_is_named_is_imported() -> None:
    """Looking for one plugin imports no other, and no reactor."""
    code = (
        "import sys; from chatd.interfaces import IStore; from chatd.plugins import find;"
        "find(IStore, 'memory').options();"
        "print([m for m in ('chatd.stores.memory', 'chatd.stores.sql', 'argon2',"
        " 'twisted.internet.reactor') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "['chatd.stores.memory']\n"


def test_dropped_in(drop_ins: DropIns) -> None:
    """One file in twisted/plugins of another distribution makes a plugin known."""
    drop_ins.add("test_pigeons", BUS.format(name="pigeons", module="chatd.buses.local"))
    assert find(IBus, "pigeons").options() is find(IBus, "local").options()


def test_two_of_a_name(drop_ins: DropIns) -> None:
    """Nobody can take the place of a plugin unnoticed."""
    drop_ins.add("test_other", BUS.format(name="local", module="other.bus"))
    with pytest.raises(LookupError) as caught:
        find(IBus, "local")
    assert caught.value.args == (
        "there are two plugins of that name, chatd.buses.local and other.bus; uninstall one.",
    )


def test_same_name_elsewhere(drop_ins: DropIns) -> None:
    """A bus and a store may have the same name."""
    drop_ins.add("test_memory", BUS.format(name="memory", module="chatd.buses.local"))
    assert find(IBus, "memory").makes is IBus
    assert find(IStore, "memory").makes is IStore


def test_broken_drop_in(drop_ins: DropIns) -> None:
    """What one looks for may be in a file that cannot be imported: then that is said."""
    drop_ins.add("test_broken", "import no_such_module\n" + BUS.format(name="pigeons", module="x"))
    with pytest.raises(LookupError) as caught:
        find(IBus, "pigeons")
    assert caught.value.args == (
        "it should be local. (twisted/plugins/test_broken.py cannot be imported:"
        " ModuleNotFoundError: No module named 'no_such_module'.)",
    )


def test_broken_drop_in_of_others(drop_ins: DropIns) -> None:
    """As long as nobody asks for what is in it, a broken file does no harm."""
    drop_ins.add("test_broken", "import no_such_module\n")
    assert find(IBus, "local").name == "local"


def test_stale_cache(drop_ins: DropIns) -> None:
    """A file that was replaced is seen, though Twisted's cache is newer than it."""
    path = drop_ins.add("test_stale", BUS.format(name="old", module="chatd.buses.local"))
    assert "old" in {maker.name for maker in getPlugins(IMaker)}
    assert (drop_ins.folder / "dropin.cache").exists()
    del sys.modules["twisted.plugins.test_stale"]
    path.write_text(BUS.format(name="fresh_one", module="chatd.buses.local"))
    os.utime(path, (1, 1))
    assert find(IBus, "fresh_one").name == "fresh_one"


def test_missing_driver(drop_ins: DropIns) -> None:
    """What a plugin needs and is not installed is one sentence, with what to type."""
    (drop_ins.folder.parent.parent / "pigeon_bus.py").write_text("import no_such_driver\n")
    plain = Maker(IBus, "pigeons", "pigeon_bus", "for tests")
    with pytest.raises(StartError) as caught:
        plain.options()
    assert str(caught.value) == "pigeons needs no_such_driver: pip install 'no_such_driver'"
    extra = Maker(IBus, "pigeons", "pigeon_bus", "for tests", "chatd[pigeons]")
    with pytest.raises(StartError, match=r"needs no_such_driver: pip install 'chatd\[pigeons\]'"):
        extra.make(None, None)


def test_missing_driver_in_the_ini(drop_ins: DropIns) -> None:
    """The ini's error names its place."""
    (drop_ins.folder.parent.parent / "pigeon_bus.py").write_text("import no_such_driver\n")
    drop_ins.add("test_pigeons", BUS.format(name="pigeons", module="pigeon_bus"))
    ini = drop_ins.folder / "chatd.ini"
    ini.write_text("[bus]\ntype = pigeons\n")
    with pytest.raises(config.ConfigError) as caught:
        config.read(ini)
    assert str(caught.value) == (
        f"chatd: {ini}:2 [bus] type = pigeons needs no_such_driver: pip install 'no_such_driver'"
    )


def test_not_finished(drop_ins: DropIns) -> None:
    """A module without `Options`, or a part that lacks a method, is refused before it is used."""
    folder = drop_ins.folder.parent.parent
    (folder / "empty_bus.py").write_text("")
    with pytest.raises(StartError, match=r"pigeons is not finished: .* no attribute 'Options'"):
        Maker(IBus, "pigeons", "empty_bus", "for tests").options()
    (folder / "half_bus.py").write_text(
        "from zope.interface import implementer\n"
        "from chatd.interfaces import IBus\n"
        "@implementer(IBus)\n"
        "class Half:\n"
        "    async def publish(self, batch): ...\n"
        "def make(options, reactor): return Half()\n"
    )
    drop_ins.add("test_half", BUS.format(name="half", module="half_bus"))
    with pytest.raises(StartError, match=r"half is not finished: .*subscribe"):
        build(IBus, "half", None, None)


def test_built(drop_ins: DropIns) -> None:
    """A part is made by the plugin of its name, with the options and the reactor it is given."""
    bus = build(IBus, "local", find(IBus, "local").options()(), None)
    assert IBus.providedBy(bus)


class INothing(Interface):
    """What nobody makes."""


def test_nothing_to_choose_from() -> None:
    """Where there is no plugin at all there is still a sentence."""
    with pytest.raises(LookupError, match=r"it should be \."):
        find(INothing, "any")


def test_front_ends_know_their_makers() -> None:
    """The names that listen by default are those of plugins."""
    names = {maker.name for maker in plugins.makers(IFrontend)}
    assert {section.removeprefix("listen ") for section in config.LISTEN_BY_DEFAULT} <= names
