"""The ini: what is good, what is refused and in which words, and what is never shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from chatd import config
from chatd.config import ConfigError
from chatd.interfaces import IAuthenticator, IFrontend, IStore
from chatd.model import Bytes, Endpoint, Seconds, Secret, Url
from chatd.values import kind_of, placed
from tests.daemon import command, environment

BROKEN = Path(__file__).with_name("broken-inis.txt").read_text(encoding="utf-8").split("\n=== ")[1:]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str) -> config.Config:
    Path("chatd.ini").write_text(text, encoding="utf-8")
    return config.read(Path("chatd.ini"))


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [line.removeprefix("chatd: chatd.ini") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize("block", BROKEN, ids=lambda block: block.partition("\n")[0])
def test_broken(folder: Path, block: str) -> None:
    """Each broken ini gets its sentences: file, line, section, setting, value and what to write."""
    lines = block.splitlines()[1:]
    expected = [line.removeprefix("> ") for line in lines if line.startswith("> ")]
    assert faults("\n".join(line for line in lines if not line.startswith("> "))) == expected


def test_as_many_as_promised() -> None:
    """There are fifty broken inis or more, and each has an answer."""
    assert len(BROKEN) >= 50
    assert all("\n> " in block for block in BROKEN)


def test_broken_from_outside(tmp_path: Path) -> None:
    """A wrong ini ends both ways to start with status 1, its sentences and no traceback."""
    (tmp_path / "chatd.ini").write_text("[server]\nnmae = x\n")
    expected = "chatd: chatd.ini:2 [server] nmae = 'x' is no good: did you mean 'name'?\n"
    for line in (
        command("run"),
        command("config", "check"),
        [command()[0], "-c", TWISTD, "-n", "--pidfile=", "chatd", "-c", "chatd.ini"],
    ):
        done = subprocess.run(
            line, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (1, expected)


TWISTD = "from twisted.scripts.twistd import run; run()"


def test_empty(folder: Path) -> None:
    """Nothing needs to be written: there are defaults, two front-ends and two authenticators."""
    found = read("")
    assert found.data == folder / "var"
    assert [part.section for part in found.those(IFrontend)] == ["listen irc", "listen human"]
    assert [part.name for part in found.those(IAuthenticator)] == ["password", "certificate"]
    assert [part.name for part in found.those(IStore)] == ["sql"]


def test_only_what_is_written_listens(folder: Path) -> None:
    """One section that listens, and the defaults are gone; its name may be any with a type."""
    found = read("[listen inside]\ntype = irc\nendpoint = tcp:6667:interface=127.0.0.1\ntls = no")
    assert [(p.section, p.name) for p in found.those(IFrontend)] == [("listen inside", "irc")]


def test_values(folder: Path) -> None:
    """Switches, numbers, times, lists, choices and texts of several lines are understood."""
    found = read(
        "[server]\nmotd = one\n  two\nlobby =\n"
        "[auth]\nguests = Yes\nforget_after = 1.5m\nauthenticators = password certificate\n"
        "[limits]\ntopic = 77\nmessages_every = 250ms\n"
        "[authenticator password]\nmemory = 64m\n"
    )
    assert (found.server.motd, found.server.lobby) == ("one\ntwo", "")
    assert (found.auth.guests, found.auth.forget_after) == (True, 90.0)
    assert found.auth.authenticators == ("password", "certificate")
    assert (found.limits.topic, found.limits.messages_every) == (77, 0.25)
    assert found.those(IAuthenticator)[0].options.memory == 64 * 1024**2


def test_paths(folder: Path) -> None:
    """`data` counts from the ini's folder, all else from the data directory."""
    (folder / "etc").mkdir()
    ini = folder / "etc" / "chatd.ini"
    ini.write_text("[server]\ndata = ../var\n[listen irc]\nkey = keys/key.pem\ncertificate = /x\n")
    found = config.read(ini)
    options = found.those(IFrontend)[0].options
    assert found.data == folder / "var"
    assert options.key == found.data / "keys/key.pem"
    assert options.certificate == Path("/x")
    assert found.those(IStore)[0].options.url == f"sqlite:///{found.data}/chatd.db"


def test_absolute_url_stays() -> None:
    """A database that is given by its whole path stays where it is."""
    assert placed("sqlite:////srv/chat.db", Path("/data")) == "sqlite:////srv/chat.db"
    assert placed("postgresql://host/chat", Path("/data")) == "postgresql://host/chat"


def test_no_file(folder: Path) -> None:
    """An ini that is not there, or cannot be read, is one sentence."""
    for path, sentence in [
        ("none.ini", "chatd: there is no none.ini: make one with `chatd init`."),
        (".", "chatd: . cannot be read (is a directory)."),
    ]:
        with pytest.raises(ConfigError) as caught:
            config.read(Path(path))
        assert str(caught.value) == sentence


def test_not_text(folder: Path) -> None:
    """Bytes that are no UTF-8 are one sentence."""
    (folder / "chatd.ini").write_bytes(b"[server]\nname = \xff\n")
    with pytest.raises(ConfigError, match="is not a text in UTF-8"):
        config.read(Path("chatd.ini"))


def test_byte_order_mark(folder: Path) -> None:
    """An editor's byte order mark does no harm."""
    assert read("\ufeff[server]\nnetwork = Tea").server.network == "Tea"


def test_secrets_are_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from the environment or a file is shown as it was written, not as it is."""
    monkeypatch.setenv("CHATD_NETWORK", "hush-environment")
    (folder / "motd.txt").write_text("hush-file\n")
    found = read("[server]\nnetwork = the ${CHATD_NETWORK}\nmotd = file:motd.txt\n")
    assert (found.server.network, found.server.motd) == ("the hush-environment", "hush-file")
    shown = config.shown(found)
    assert "hush" not in shown
    assert "network = the ${CHATD_NETWORK}\n" in shown
    assert "motd = file:motd.txt\n" in shown


def test_secrets_are_not_in_faults(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is no good is not printed either."""
    monkeypatch.setenv("CHATD_TOPIC", "hush")
    assert faults("[limits]\ntopic = ${CHATD_TOPIC}\n") == [
        ":2 [limits] topic = '${CHATD_TOPIC}' is no good: it should be a whole number, like 32."
    ]


def test_masks() -> None:
    """A secret that is written out is masked, and so is the password in a URL."""
    secret, url = kind_of(Secret), kind_of(Url)
    assert secret.mask is not None and url.mask is not None
    assert secret.mask("hush") == "********"
    assert url.mask("postgresql://chat:hush@host/chat") == "postgresql://chat:********@host/chat"


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (bool, "yes", True),
        (int, "12", 12),
        (Seconds, "0", 0.0),
        (Seconds, "90s", 90.0),
        (Seconds, "1500ms", 1.5),
        (Bytes, "10m", 10 * 1024**2),
        (Bytes, "512", 512),
        (tuple[str, ...], "a, b", ("a", "b")),
        (str | None, "", None),
        (int | None, "3", 3),
        (Endpoint, "unix:/run/chatd/irc", "unix:/run/chatd/irc"),
    ],
)
def test_shown_is_read_again(annotation: object, text: str, value: object) -> None:
    """What a value is shown as means the same value."""
    kind = kind_of(annotation)
    assert kind.parse(text) == value
    assert kind.parse(kind.show(value)) == value


def test_shown_ini_is_an_ini(folder: Path) -> None:
    """`config show` prints an ini that says the same."""
    found = read("[auth]\nguests = yes\n[server]\nmotd = one\n  two\n[listen irc]\n")
    again = read(config.shown(found))
    assert (again.server, again.auth, again.limits) == (found.server, found.auth, found.limits)
    assert again.parts == found.parts


def test_check_looks_at_certificates(tmp_path: Path) -> None:
    """`config check` finds a certificate that is not there, though the ini is well formed."""
    (tmp_path / "chatd.ini").write_text("[listen irc]\ncertificate = /no/such.pem\n")
    done = subprocess.run(
        command("config", "check"),
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "chatd: the certificate /no/such.pem cannot be read (no such file or directory):"
        " write its path, and let the daemon's user read it.\n"
    )
