"""What a client makes of FILE: which files are offered, and what it does about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chatd import errors
from clients.cli import scripts, sharing
from clients.cli.bars import Bars
from clients.cli.commands import obey
from clients.cli.completion import complete
from clients.lib import transfers
from clients.lib.events import Told
from clients.lib.offers import (
    FileChanged,
    FileOffered,
    Moved,
    NotCarried,
    Offer,
    Sent,
    Stage,
    Stopped,
    size,
)
from tests.clients.scripted import hear
from tests.clients.test_parts import Desk

OFFERED = "@msgid=b-1;chatd/digest=aa :bob!u@h FILE OFFERED ada k3 2500000 2026 :holiday.mp4"


def sits() -> Desk:
    """Somebody at a server that takes files; nothing was heard yet."""
    desk = Desk()
    desk.conversation.files.here = True
    desk.conversation.open("bob")
    desk.wire.travel()
    desk.wire.up.clear()
    desk.wire.heard.clear()
    return desk


def answer(desk: Desk, *lines: str) -> None:
    """Answer what was asked last."""
    label = desk.wire.up[-1].tags["label"]
    desk.wire.up.clear()
    hear(desk.wire, f"@label={label} BATCH +x labeled-response")
    hear(desk.wire, *(f"@batch=x {line}" for line in lines), "BATCH -x")


def told(desk: Desk) -> list[str]:
    """What the view was told about files, as sentences."""
    kinds = (FileOffered, FileChanged, NotCarried, Told)
    return [str(event) for event in desk.wire.heard if isinstance(event, kinds)]


def test_offered_and_declined() -> None:
    """An offer says how to take it; the latest is meant when none is named."""
    desk = sits()
    hear(desk.wire, OFFERED)
    assert told(desk) == ["bob offers holiday.mp4 (2.5 MB): /accept k3"]
    obey(desk, "/decline")
    assert [line.params for line in desk.wire.up if line.verb == "FILE"] == [("DECLINE", "k3")]
    hear(desk.wire, ":ada!u@h FILE DECLINED bob k3 :no room")
    assert told(desk)[-1] == "ada declines holiday.mp4 (no room)."
    obey(desk, "/accept k3")
    assert desk.shown == ["There is no file k3: /files lists those that there are."]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("EXPIRED ada k3 :holiday.mp4", "The offer of holiday.mp4 is over."),
        ("CANCELLED ada k3 :wrong one", "bob takes holiday.mp4 back (wrong one)."),
        ("FAILED ada k3 TOO_MUCH :Too much.", "holiday.mp4 cannot be had: Too much."),
    ],
)
def test_over(line: str, sentence: str) -> None:
    """However an offer ends, nothing is left of it, and that is said."""
    desk = sits()
    hear(desk.wire, OFFERED, f":bob!u@h FILE {line}")
    assert told(desk)[-1] == sentence
    assert list(desk.conversation.files) == []


def test_missed() -> None:
    """What was offered in our absence is told once, when it is listed."""
    desk = sits()
    listed = "FILE LISTED ada k3 2500000 2026 bob offered 0 :holiday.mp4"
    for _ in range(2):
        obey(desk, "/files")
        answer(desk, listed, "FILE END *")
    assert told(desk) == ["bob offers holiday.mp4 (2.5 MB): /accept k3"]
    (offer,) = desk.conversation.files
    obey(desk, "/files")
    answer(desk, "FILE END *")
    assert str(desk.wire.heard[-1]) == "No files are offered."
    assert str(offer) == "k3  holiday.mp4 (2.5 MB) from bob: offered"


def test_wrong_lines() -> None:
    """Lines that are no good change nothing."""
    desk = sits()
    for line in (
        "FILE",
        "FILE OFFERED ada",
        "FILE LISTED a b c d e f g h",
        "FILE X y z",
        "FILE WANTED",
    ):
        hear(desk.wire, f":bob!u@h {line}")
    assert list(desk.conversation.files) == []


def test_what_cannot_be_sent(tmp_path: Path) -> None:
    """A room that one is not in, and a connection that is gone, are said."""
    desk = sits()
    obey(desk, f"/file #den {tmp_path}")
    assert desk.shown == ["You are not in #den."]
    desk.wire.cut()
    obey(desk, "/files")
    assert told(desk) == ["There is no connection to the server, or it takes no files."]


def test_no_folder(tmp_path: Path) -> None:
    """Where nothing can be saved, nothing is accepted."""
    desk = sits()
    hear(desk.wire, OFFERED)
    (tmp_path / "file").touch()
    obey(desk, f"/accept k3 {tmp_path}/file/folder/x")
    assert desk.shown == [f"{tmp_path}/file/folder/x cannot be made: Not a directory."]
    assert not desk.sharing.transfers.moving


def test_cut_while_asking() -> None:
    """Who has asked when the connection breaks is told so."""
    desk = sits()
    obey(desk, "/files")
    desk.wire.cut()
    assert told(desk) == ["The connection to the server is gone."]


def test_own_offer_is_cancelled() -> None:
    """/cancel takes back the latest that one offers oneself, and nobody else's."""
    desk = sits()
    hear(desk.wire, OFFERED, ":ada!u@h FILE OFFERED bob m7 9 2026 :own.txt")
    obey(desk, "/cancel")
    assert [line.params for line in desk.wire.up if line.verb == "FILE"] == [("CANCEL", "m7")]


def test_fetching_is_stopped() -> None:
    """/cancel refuses what is offered to oneself alone, and fetches no more of what a room is
    offered."""
    desk = sits()
    hear(desk.wire, OFFERED, ":bob!u@h FILE OFFERED #tea m7 9 2026 :all.txt")
    for id_ in ("k3", "m7"):
        obey(desk, f"/accept {id_}")
        desk.wire.up.clear()
        obey(desk, "/cancel")
        declined = [line.params for line in desk.wire.up if line.verb == "FILE"]
        assert declined == ([("DECLINE", "k3")] if id_ == "k3" else [])
        assert not desk.sharing.transfers.fetches(id_)
    assert "all.txt is not fetched any more." in map(str, desk.wire.heard)


def test_quoted_path(tmp_path: Path) -> None:
    """A path may be written as in a shell, unless there is one with these very signs."""
    plain, quoted = tmp_path / "one two", tmp_path / "it's"
    for path in (plain, quoted):
        path.touch()
    for typed in (f'"{plain}"', str(plain).replace(" ", "\\ "), str(plain)):
        assert sharing._path(typed) == plain
    assert sharing._path(str(quoted)) == quoted
    assert sharing._path(f"{tmp_path}/it's new") == tmp_path / "it's new"


def test_bars() -> None:
    """A bar shows how far a file is, and goes with it; a name does nothing to the terminal."""
    bars = Bars()
    bars.hear(Moved(file="k3", name="a\x1b[2J[red].mp4", done=500_000, size=2_000_000))
    shown = re.sub(r"\x1b\[[0-9;]*m", "", bars.text(120))
    assert "a\ufffd[2J[red].mp4" in shown
    assert "25%" in shown
    assert "0.5/2.0 MB" in shown
    bars.hear(Sent(file="k3", name="a"))
    assert not bars
    bars.hear(Moved(file="k3", name="a", done=1, size=2))
    bars.hear(Stopped(file="k3", name="a"))
    assert not bars


def test_paths_are_completed(tmp_path: Path) -> None:
    """Behind the one that a file is for, Tab completes paths, with spaces too; hidden files only
    when asked for, and those that could do something to the terminal not at all."""
    for name in ("one two.txt", "other", ".hidden", "ooh\x1b]0;you\x07", "on\u202egnp.exe"):
        (tmp_path / name).touch()
    (tmp_path / "old").mkdir()
    client = sits().conversation
    text = f"/filew bob {tmp_path}/o"
    found = complete(client, "#tea", text)
    assert text[found.start :] == f"{tmp_path}/o"
    assert found.words == tuple(f"{tmp_path}/{end}" for end in ("old/", "one two.txt", "other"))
    assert complete(client, "#tea", f"{text}ne t").words == (f"{tmp_path}/one two.txt",)
    assert complete(client, "#tea", f"/accept k3 {tmp_path}/.").words == (f"{tmp_path}/.hidden",)
    assert complete(client, "#tea", "/file #tea /no/such/").words == ()


def test_ids_are_completed() -> None:
    """Where an id is meant, Tab completes those of the open offers."""
    desk = sits()
    hear(desk.wire, OFFERED, ":ada!u@h FILE OFFERED bob m7 9 2026 :own.txt")
    assert complete(desk.conversation, "#tea", "/accept ").words == ("m7 ", "k3 ")
    assert complete(desk.conversation, "#tea", "/cancel m").words == ("m7 ",)
    assert complete(desk.conversation, "#tea", "/decline x").words == ()


def test_codes() -> None:
    """What a client makes of a refusal it makes of codes that the server has."""
    known = {kind.code for kind in vars(errors).values() if hasattr(kind, "code")}
    acted_on = {*transfers._HOPELESS, *transfers._NOT_NOW, *transfers._NOT_FOR_US, *scripts.FULL}
    assert acted_on <= known


def test_sizes() -> None:
    """Sizes are short."""
    assert [size(n) for n in (0, 999, 1000, 99_500, 10**12)] == [
        "0 B",
        "999 B",
        "1.0 KB",
        "100 KB",
        "1.0 TB",
    ]


def test_stages() -> None:
    """What is stored can be fetched, and what is declined is over."""
    offer = Offer("k3", "#tea", "bob", False, "x", 1, stage=Stage.STORED)
    assert str(offer) == "k3  x (1 B) from bob in #tea: stored"
    assert not Stage.STORED.over
    assert Stage.DECLINED.over
