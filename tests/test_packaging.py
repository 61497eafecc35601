"""chatd installed: as a wheel, editable, from a checkout; and with things dropped in by others."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.daemon import CHECKOUT, Daemon, bare_environment
from tests.test_reload import Client

SOURCES = ("chatd", "clients", "twisted", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
TWISTD = "from twisted.scripts.twistd import run; run()"
OFFLINE = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")

BUS = '''"""A bus of somebody else, all of it in one file."""

from dataclasses import dataclass

from zope.interface import implementer

from chatd.interfaces import IBus
from chatd.plugins import Maker

pigeons = Maker(IBus, "pigeons", __name__, "slow, but they find home")


@dataclass(frozen=True)
class Options:
    """[bus] type = pigeons

    flock: how many
    """

    flock: int = 3


@implementer(IBus)
class Pigeons:
    def __init__(self):
        self._lofts = []

    async def publish(self, batch):
        for loft in self._lofts:
            loft(batch)

    def subscribe(self, hear):
        self._lofts.append(hear)


def make(options, reactor):
    return Pigeons()
'''

COMMAND = '''"""A command of somebody else."""

from chatd.answers import Said
from chatd.commands import command


@command("COO")
async def coo(core, request, name):
    """Call a pigeon."""
    request.reply(Said(f"{name} comes flying.", "COO"))
'''


def run(*line: object, folder: Path | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in line],
        cwd=folder,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fresh(folder: Path) -> Path:
    """A new environment that has what chatd needs, but not chatd; its interpreter."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    needed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "needed.pth").write_text("\n".join(needed))
    return python


def install(python: Path, *what: object) -> None:
    """Install without a network."""
    run(sys.executable, "-m", "pip", "--python", python, "install", *OFFLINE, *what)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what makes up the distribution."""
    folder = tmp_path_factory.mktemp("sources")
    for name in filter(lambda name: (CHECKOUT / name).exists(), SOURCES):
        if (CHECKOUT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
            shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(CHECKOUT / name, folder / name)
    (folder / "README.md").touch()
    return folder


def serves(folder: Path, python: Path, settings: dict[str, dict[str, str]], *says: str) -> None:
    """Start a daemon with this interpreter; a guest comes, says lines, and hears answers."""
    guests = {"auth": {"guests": "yes"}}
    with Daemon(folder, {**guests, **settings}, python) as daemon:
        client = Client(daemon, "ada")
        for line, answer in zip(says[::2], says[1::2], strict=True):
            client.says(line)
            client.hears(answer)
        client.close()
        assert daemon.stop() == 0


def test_wheel_with_things_dropped_in(sources: Path, tmp_path: Path) -> None:
    """A wheel serves; so do a bus and a command of another distribution, one file each."""
    dist = tmp_path / "dist"
    run(sys.executable, "-m", "pip", "wheel", *OFFLINE, "--wheel-dir", dist, sources)
    python = fresh(tmp_path / "environment")
    install(python, *dist.glob("*.whl"))
    said = run(tmp_path / "environment/bin/chatd", "version")
    assert said.startswith("chatd ")
    assert run(tmp_path / "environment/bin/chatd", "--version") == said
    install(python, _of_others(tmp_path / "others"))
    assert "chatd" in run(python, "-c", TWISTD, "--help")
    serves(
        tmp_path,
        python,
        {"bus": {"type": "pigeons", "flock": "7"}},
        "COO carl",
        "carl comes flying.",
        "PRIVMSG ada :by pigeon",
        "PRIVMSG ada :by pigeon",
    )


def _of_others(folder: Path) -> Path:
    (folder / "twisted" / "plugins").mkdir(parents=True)
    (folder / "twisted" / "plugins" / "pigeon_bus.py").write_text(BUS)
    (folder / "twisted" / "plugins" / "pigeon_command.py").write_text(COMMAND)
    (folder / "setup.cfg").write_text(
        "[metadata]\nname = pigeons\nversion = 1\n[options]\npackages = twisted.plugins\n"
    )
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    return folder


def test_editable(sources: Path, tmp_path: Path) -> None:
    """`pip install -e .` makes `twistd chatd` known, and the daemon serves."""
    python = fresh(tmp_path / "environment")
    install(python, "--editable", sources)
    assert "chatd" in run(python, "-c", TWISTD, "--help", folder=tmp_path)
    serves(tmp_path, python, {})


def test_checkout(tmp_path: Path) -> None:
    """In a checkout `twistd chatd` works with nothing but the path."""
    with Daemon(tmp_path) as daemon:
        assert "is ready" in daemon.log()


def test_nothing_is_left_out(sources: Path, tmp_path: Path) -> None:
    """A wheel has every file of the packages in it, and nothing of the tests."""
    run(sys.executable, "-m", "pip", "wheel", *OFFLINE, "--wheel-dir", tmp_path, sources)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(run(sys.executable, "-m", "zipfile", "--list", wheel).split())
    for name in ("chatd", "twisted"):
        for path in (sources / name).rglob("*.[ps][yq]*"):
            assert str(path.relative_to(sources)) in packed
    assert not any(name.startswith("tests/") for name in packed)
