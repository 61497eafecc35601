"""Events as lines, for clients of all kinds."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatd import events
from chatd.events import (
    Announced,
    Event,
    Invited,
    Joined,
    Left,
    MarkerMoved,
    MaskChanged,
    MetadataChanged,
    ModeChanged,
    Noticed,
    OfferChanged,
    Offered,
    PersonChanged,
    Posted,
    Quit,
    Redacted,
    Removed,
    Renamed,
    RoleChanged,
    RoomMetadataChanged,
    Signalled,
    TopicChanged,
    Wanted,
    Watched,
    WentAway,
)
from chatd.frontends.irc.render import render, timestamp
from chatd.model import Kind, Listing, Mode, Outcome, Person, Role, Room
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, parse_text

NOON = 1_795_000_000_042
ADA = Person("ada", "~ada", "tea.chat", "Ada L", "ada", 1)
BOB = Person("bob", "~bob", "pot.chat")
TEA = Room(7, "#tea", True, NOON)
PLAIN: frozenset[str] = frozenset()
EVERY = frozenset(Cap)
MATTER = (
    Cap.ACCOUNT_NOTIFY,
    Cap.ACCOUNT_TAG,
    Cap.AWAY_NOTIFY,
    Cap.CHGHOST,
    Cap.EXTENDED_JOIN,
    Cap.MESSAGE_TAGS,
    Cap.SERVER_TIME,
    Cap.SETNAME,
)
CAPS = [frozenset(c) for c in chain.from_iterable(combinations(MATTER, n) for n in range(9))]


FILE: dict[str, Any] = {"to": "#tea", "file": "f1", "name": "x y.mp4"}


def posted(text: str, **more: object) -> Posted:
    return Posted(by=ADA, at=NOON, room=TEA, number=3, to="#tea", text=text, **more)  # type: ignore[arg-type]


EVENTS: list[tuple[Event, list[str]]] = [
    (posted("hi"), [":ada!~ada@tea.chat PRIVMSG #tea :hi"]),
    (posted("hi", kind=Kind.NOTICE), [":ada!~ada@tea.chat NOTICE #tea :hi"]),
    (posted("", kind=Kind.SIGNAL, tags={"+a": "b"}), []),
    (posted("", erased=True), [":ada!~ada@tea.chat PRIVMSG #tea :"]),
    (
        posted("one\r\ntwo\n\nthree"),
        [f":ada!~ada@tea.chat PRIVMSG #tea :{t}" for t in ("one", "two", "three")],
    ),
    (posted("\x1dit\x1d\x1es\x85"), [":ada!~ada@tea.chat PRIVMSG #tea :\x1dit\x1d\x1es\x85"]),
    (Signalled(by=ADA, at=NOON, room=TEA, id="7-x", to="#tea", tags={"+a": ""}), []),
    (Joined(by=ADA, at=NOON, room=TEA), [":ada!~ada@tea.chat JOIN #tea"]),
    (
        Joined(by=ADA, at=NOON, room=TEA, role=Role.OWNER | Role.OP, away="tea"),
        [":ada!~ada@tea.chat JOIN #tea", ":ada!~ada@tea.chat MODE #tea +qo ada ada"],
    ),
    (Left(by=ADA, at=NOON, room=TEA), [":ada!~ada@tea.chat PART :#tea"]),
    (Left(by=ADA, at=NOON, room=TEA, reason="bye"), [":ada!~ada@tea.chat PART #tea :bye"]),
    (Removed(by=ADA, at=NOON, room=TEA, who=BOB), [":ada!~ada@tea.chat KICK #tea bob :ada"]),
    (
        Removed(by=ADA, at=NOON, room=TEA, who=BOB, reason="rude words"),
        [":ada!~ada@tea.chat KICK #tea bob :rude words"],
    ),
    (TopicChanged(by=ADA, at=NOON, room=TEA, text="Tea"), [":ada!~ada@tea.chat TOPIC #tea :Tea"]),
    (TopicChanged(by=ADA, at=NOON, room=TEA, text=""), [":ada!~ada@tea.chat TOPIC #tea :"]),
    (
        ModeChanged(by=ADA, at=NOON, room=TEA, mode=Mode.SECRET, on=True),
        [":ada!~ada@tea.chat MODE #tea +s"],
    ),
    (
        ModeChanged(by=ADA, at=NOON, room=TEA, mode="password", on=True, value="x"),
        [":ada!~ada@tea.chat MODE #tea +k x"],
    ),
    (
        ModeChanged(by=ADA, at=NOON, room=TEA, mode="password", on=False),
        [":ada!~ada@tea.chat MODE #tea -k *"],
    ),
    (
        ModeChanged(by=ADA, at=NOON, room=TEA, mode="limit", on=False),
        [":ada!~ada@tea.chat MODE #tea -l"],
    ),
    (
        RoleChanged(by=ADA, at=NOON, room=TEA, who=BOB, role=Role.VOICE, on=False),
        [":ada!~ada@tea.chat MODE #tea -v bob"],
    ),
    (
        MaskChanged(by=ADA, at=NOON, room=TEA, listing=Listing.BAN, pattern="*!*@x", on=True),
        [":ada!~ada@tea.chat MODE #tea +b *!*@x"],
    ),
    (Invited(by=ADA, at=NOON, room=TEA, who=BOB), [":ada!~ada@tea.chat INVITE bob #tea"]),
    (Quit(by=ADA, at=NOON, reason="bye"), [":ada!~ada@tea.chat QUIT :bye"]),
    (
        PersonChanged(by=BOB, at=NOON, now=Person("rob", "~bob", "pot.chat")),
        [":bob!~bob@pot.chat NICK rob"],
    ),
    (PersonChanged(by=BOB, at=NOON, now=Person("bob", "~b", "x", "B", "bob", 2)), []),
    (WentAway(by=ADA, at=NOON, text="tea"), []),
    (WentAway(by=ADA, at=NOON, text=None), []),
    (Redacted(by=ADA, at=NOON, room=TEA, to="#tea", message="7-1", reason="spam"), []),
    (Renamed(by=ADA, at=NOON, room=TEA, before="#tea", now="#chai"), []),
    (MarkerMoved(by=ADA, at=NOON, to="#tea", read=NOON), []),
    (MetadataChanged(by=ADA, at=NOON, key="url", value="x"), []),
    (RoomMetadataChanged(by=ADA, at=NOON, room=TEA, key="url", value=None), []),
    (Noticed(by=ADA, at=NOON, what=Quit(by=ADA, at=NOON)), []),
    (Watched(by=ADA, at=NOON, online=True), [":ada!~ada@tea.chat NOTICE * :ada is on line."]),
    (
        Offered(by=ADA, at=NOON, room=TEA, **FILE, size=9, type="a/b", digest="5a", expires=NOON),
        [
            ":ada!~ada@tea.chat NOTICE #tea"
            " :ada offers x y.mp4 (9 bytes, a/b) to #tea: /quote ACCEPT f1 fetches it."
        ],
    ),
    (
        OfferChanged(by=BOB, at=NOON, room=TEA, **FILE, outcome=Outcome.DECLINED, reason="no"),
        [":bob!~bob@pot.chat NOTICE #tea :bob declines x y.mp4 (f1) (no)."],
    ),
    (
        Wanted(by=ADA, at=NOON, **FILE),
        [
            ":ada!~ada@tea.chat NOTICE ada"
            " :x y.mp4 is waited for: /quote BRING f1 tells how to bring it."
        ],
    ),
    (Announced(by=ADA, at=NOON, text="tea!"), [":ada!~ada@tea.chat WALLOPS tea!"]),
]


def shown(event: Event, *caps: str) -> list[str]:
    return [line.text() for line in render(event, frozenset(caps))]


@pytest.mark.parametrize(("event", "lines"), EVENTS)
def test_plain(event: Event, lines: list[str]) -> None:
    """What a client sees that has asked for nothing."""
    assert shown(event) == lines


def test_no_event_is_left_out() -> None:
    """Every kind of event is in the table above."""
    kinds = {v for v in vars(events).values() if isinstance(v, type) and issubclass(v, Event)}
    bare = {events.Event, events.RoomEvent, events.Entry}
    assert {type(event) for event, _ in EVENTS} == kinds - bare


@pytest.mark.parametrize("event", [event for event, _ in EVENTS])
def test_well_formed(event: Event) -> None:
    """With any capabilities an event gives lines that read back, and fit."""
    for caps in CAPS:
        for line in render(event, caps):
            if line.tags.get("batch") or line.params[:1] == (f"-{getattr(event, 'id', '')}",):
                continue  # within a batch: the batch itself has the time
            data = line.encode()
            assert parse_text(data.decode().removesuffix("\r\n")).params == line.params, line
            assert len(data.partition(b" ")[2] if line.tags else data) <= LONGEST
            assert line.tags.get("time") == (
                "2026-11-18T11:06:40.042Z" if Cap.SERVER_TIME in caps else None
            )


def test_tags() -> None:
    """Each tag is for those who asked for it."""
    line = posted("hi", tags={"+mood": "fine"})
    assert shown(line, Cap.SERVER_TIME)[0].startswith("@time=2026-11-18T11:06:40.042Z :ada")
    assert shown(line, Cap.ACCOUNT_TAG)[0].startswith("@account=ada :ada")
    assert shown(line, Cap.MESSAGE_TAGS)[0].startswith("@msgid=7-3;+mood=fine :ada")
    guest = Quit(by=BOB, at=NOON)
    assert shown(guest, Cap.ACCOUNT_TAG, Cap.MESSAGE_TAGS) == [":bob!~bob@pot.chat QUIT :"]


def test_signals() -> None:
    """Signs, kept or not, are for those who know tags."""
    kept = posted("", kind=Kind.SIGNAL, tags={"+a": "b"})
    passing = Signalled(by=ADA, at=NOON, room=TEA, id="7-x", to="#tea", tags={"+a": "b"})
    assert shown(kept, Cap.MESSAGE_TAGS) == ["@msgid=7-3;+a=b :ada!~ada@tea.chat TAGMSG #tea"]
    assert shown(passing, Cap.MESSAGE_TAGS) == ["@msgid=7-x;+a=b :ada!~ada@tea.chat TAGMSG #tea"]


def test_extended_join() -> None:
    """JOIN tells account and real name to those who want to know, and who is away."""
    event = Joined(by=ADA, at=NOON, room=TEA, away="at tea")
    guest = Joined(by=BOB, at=NOON, room=TEA)
    assert shown(event, Cap.EXTENDED_JOIN) == [":ada!~ada@tea.chat JOIN #tea ada :Ada L"]
    assert shown(guest, Cap.EXTENDED_JOIN) == [":bob!~bob@pot.chat JOIN #tea * bob"]
    assert shown(event, Cap.AWAY_NOTIFY)[1] == ":ada!~ada@tea.chat AWAY :at tea"


def test_away_notify() -> None:
    """Going away and coming back."""
    there, back = WentAway(by=ADA, at=NOON, text="tea"), WentAway(by=ADA, at=NOON, text=None)
    assert shown(there, Cap.AWAY_NOTIFY) == [":ada!~ada@tea.chat AWAY tea"]
    assert shown(back, Cap.AWAY_NOTIFY) == [":ada!~ada@tea.chat AWAY"]


def test_person_changed() -> None:
    """Each change of a person is told to those who asked for it."""
    event = PersonChanged(by=BOB, at=NOON, now=Person("bob", "~b", "x", "Bob B", "bob", 2))
    assert shown(event, Cap.CHGHOST) == [":bob!~bob@pot.chat CHGHOST ~b x"]
    assert shown(event, Cap.ACCOUNT_NOTIFY) == [":bob!~b@x ACCOUNT bob"]
    assert shown(event, Cap.SETNAME) == [":bob!~b@x SETNAME :Bob B"]
    out = PersonChanged(by=ADA, at=NOON, now=Person("ada", "~ada", "tea.chat", "Ada L"))
    assert shown(out, Cap.ACCOUNT_NOTIFY) == [":ada!~ada@tea.chat ACCOUNT *"]


def test_unknown_event() -> None:
    """An event of which nothing is known here is shown as its sentence."""

    class Sneezed(Event, frozen=True, kw_only=True):
        def __str__(self) -> str:
            return f"{self.by.name} sneezed."

    assert shown(Sneezed(by=ADA, at=NOON)) == [":ada!~ada@tea.chat NOTICE * :ada sneezed."]


@given(
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=2000)
)
def test_long_texts(text: str) -> None:
    """A text of any length comes whole, in parts that fit and break no character."""
    lines = render(posted(text), PLAIN)
    parts = [line.params[1] for line in lines]
    assert all(len(line.encode()) <= LONGEST for line in lines)
    assert "".join(parts) == text.replace("\r", "").replace("\n", "")
    assert len(parts) == 1 or all(parts)


def test_several_lines() -> None:
    """A text of several lines is a batch to those who know that; others see no blank lines."""
    text = posted("one\n\ntwo three", joints=(9,), tags={"+mood": "fine"})
    assert shown(text, Cap.MULTILINE, Cap.BATCH, Cap.MESSAGE_TAGS) == [
        "@msgid=7-3;+mood=fine :ada!~ada@tea.chat BATCH +7-3 draft/multiline #tea",
        "@batch=7-3 :ada!~ada@tea.chat PRIVMSG #tea :one",
        "@batch=7-3 :ada!~ada@tea.chat PRIVMSG #tea :",
        "@batch=7-3 :ada!~ada@tea.chat PRIVMSG #tea :two ",
        "@batch=7-3;draft/multiline-concat :ada!~ada@tea.chat PRIVMSG #tea :three",
        ":ada!~ada@tea.chat BATCH -7-3",
    ]
    assert shown(text, Cap.MESSAGE_TAGS) == [
        "@msgid=7-3;+mood=fine :ada!~ada@tea.chat PRIVMSG #tea :one",
        "@+mood=fine :ada!~ada@tea.chat PRIVMSG #tea :two ",
        "@+mood=fine :ada!~ada@tea.chat PRIVMSG #tea :three",
    ]


def test_redacted() -> None:
    """REDACT and RENAME are for those who asked for them."""
    redacted = Redacted(by=ADA, at=NOON, room=TEA, to="#tea", message="7-1")
    assert shown(redacted, Cap.MESSAGE_REDACTION) == [":ada!~ada@tea.chat REDACT #tea 7-1"]
    renamed = Renamed(by=ADA, at=NOON, room=TEA, before="#tea", now="#chai")
    assert shown(renamed, Cap.CHANNEL_RENAME) == [":ada!~ada@tea.chat RENAME #tea #chai :"]
    moved = MarkerMoved(by=ADA, at=NOON, to="#tea", read=NOON)
    assert shown(moved, Cap.READ_MARKER) == ["MARKREAD #tea timestamp=2026-11-18T11:06:40.042Z"]


def test_id_of_a_long_text() -> None:
    """Of several lines of one message only the first has its id; all have its time."""
    lines = render(posted("x" * 2000), EVERY - {Cap.MULTILINE})
    assert [line.tags.get("msgid") for line in lines] == ["7-3"] + [None] * (len(lines) - 1)
    assert {line.tags["time"] for line in lines} == {timestamp(NOON)}


def test_time() -> None:
    """A moment, to the millisecond."""
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"
    assert timestamp(NOON) == "2026-11-18T11:06:40.042Z"


def test_files() -> None:
    """Who knows files is told of them in lines for programs."""
    offered = Offered(
        by=ADA, at=NOON, room=TEA, **FILE, size=9, type="a/b", digest="5a", expires=NOON
    )
    (line,) = render(offered, frozenset({Cap.FILES}))
    assert line.params == ("OFFERED", "#tea", "f1", "9", timestamp(NOON), "x y.mp4")
    assert line.tags == {"chatd/type": "a/b", "chatd/digest": "5a"}


@pytest.mark.parametrize("outcome", Outcome)
def test_outcomes(outcome: Outcome) -> None:
    """Whatever becomes of an offer has a line of its own."""
    changed = OfferChanged(
        by=BOB, at=NOON, room=TEA, **FILE, outcome=outcome, code="5A", reason="Why not."
    )
    (line,) = render(changed, frozenset({Cap.FILES}))
    assert line.verb == "FILE"
    assert line.params[:3] == (outcome.name, "#tea", "f1")
    said = {Outcome.DECLINED: "Why not.", Outcome.CANCELLED: "Why not.", Outcome.FAILED: "Why not."}
    assert line.params[-1] == said.get(outcome, "x y.mp4")
    assert ("5A" in line.params) is (outcome is Outcome.FAILED)
