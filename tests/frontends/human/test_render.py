"""Events and answers as sentences: every one there is."""

from __future__ import annotations

import inspect
import time
from types import ModuleType
from typing import Any

import pytest

from chatd import answers, errors, events
from chatd.frontends.human.render import BLUE, CYAN, PLAIN, YELLOW, Reader, render
from chatd.model import (
    Account,
    Barred,
    Conversation,
    Kind,
    Listing,
    Mask,
    Mode,
    Offer,
    Outcome,
    Person,
    Rank,
    Role,
    Room,
    ServerBan,
    Side,
    Ticket,
)
from chatd.model import Topic as TopicOf

AT = 1_767_225_600_000
CLOCK = time.strftime("%H:%M:%S", time.localtime(AT // 1000))
ADA, BOB = Person("ada", account="ada", key=1), Person("bob", real="Bob")
LOBBY = Room(1, "#lobby", True, 0)
TEA = Room(2, "#tea", True, 0, topic=TopicOf("oolong", "ada", 0))
DIRECT = Room(3, "ada bob", True, 0, direct=True)
READER = Reader("ada", "#lobby")


def posted(room: Room, text: str = "hi", by: Person = BOB, to: str = "", **more: object):  # type: ignore[no-untyped-def]
    """A message."""
    return events.Posted(by=by, at=AT, room=room, to=to or room.name, text=text, **more)  # type: ignore[arg-type]


def somebody(name: str = "bob") -> answers.Somebody:
    """Somebody who is on line."""
    return answers.Somebody(
        person=Person(name, real="Bob"),
        account=None,
        away=None,
        rooms=((TEA, Role.OP),),
        idle=0,
        since=0,
        operator=False,
        secure=True,
    )


BOB_HERE = answers.Present(BOB, Role.OP | Role.OWNER, None)
ADA_AWAY = answers.Present(ADA, Role.VOICE, "tea")
MEMBERS = answers.MembersAre("#tea", TEA, (BOB_HERE, ADA_AWAY))
MASK = Mask(2, Listing.BAN, "eve!*@*", "ada", 0)

E = {"by": BOB, "at": AT}
T = {**E, "room": TEA}

FILE: dict[str, Any] = {"to": "#tea", "file": "f1", "name": "x.mp4"}
OFFER = Offer("f1", 7, 1, "ada", "#tea", None, "x.mp4", 9, "a/b", "", 9000)
TICKET = Ticket("word", "f1", Side.SEND, ADA, 5000, True)


def changed(outcome: Outcome) -> events.OfferChanged:
    return events.OfferChanged(**T, **FILE, outcome=outcome, reason="No.")


SERVER_BAN = ServerBan(Barred.NETWORK, "192.0.2.0/24", "ada", 0, 60_000, "t\x1bea")

SENTENCES: list[tuple[object, str]] = [
    (events.Event(**E), "bob did something new (Event)."),
    (events.RoomEvent(**T), "bob did something new (RoomEvent)."),
    (events.Entry(**T), "bob did something new (Entry)."),
    (posted(LOBBY), f"(Global) (bob) ({CLOCK}): hi"),
    (posted(TEA), f"(#tea) (bob) ({CLOCK}): hi"),
    (posted(LOBBY, to="@#lobby", least=Role.OP), f"(@#lobby) (bob) ({CLOCK}): hi"),
    (posted(DIRECT, to="ada"), f"(Private) (From bob) ({CLOCK}): hi"),
    (posted(DIRECT, by=ADA, to="bob"), f"(Private) (To bob) ({CLOCK}): hi"),
    (posted(TEA, "\x01ACTION smiles\x01"), f"(#tea) ({CLOCK}): * bob smiles"),
    (posted(TEA, "\x01ACTION smiles"), f"(#tea) ({CLOCK}): * bob smiles"),
    (posted(TEA, "", erased=True), f"(#tea) (bob) ({CLOCK}): [taken back]"),
    (posted(TEA, kind=Kind.NOTICE), f"(#tea) (bob) ({CLOCK}): hi"),
    (posted(TEA, "", kind=Kind.SIGNAL, tags={"+x": "y"}), ""),
    (posted(TEA, "a\n(Global) (root)"), f"(#tea) (bob) ({CLOCK}): a\n    (Global) (root)"),
    (events.Signalled(**T, to="#tea", id="1-a", tags={}), ""),
    (events.MetadataChanged(**E, key="url", value="x"), ""),
    (events.RoomMetadataChanged(**T, key="url", value=None), ""),
    (events.Noticed(**E, what=events.WentAway(**E, text="tea")), "bob is away: tea"),
    (events.MarkerMoved(**E, to="#tea", read=0), ""),
    (
        events.Redacted(**T, to="#tea", message="2-1", reason="spam"),
        "bob took a message back (spam).",
    ),
    (events.Renamed(**T, before="#tea", now="#chai"), "bob renamed #tea to #chai."),
    (events.Joined(**T), "bob joined #tea."),
    (events.Joined(by=ADA, at=AT, room=TEA), "You joined #tea."),
    (events.Left(**T, reason="tea"), "bob left #tea (tea)."),
    (events.Left(by=ADA, at=AT, room=TEA), "You left #tea."),
    (events.Removed(**T, who=Person("eve")), "bob removed eve from #tea."),
    (events.Removed(**T, who=ADA, reason="x\x1b"), "bob removed you from #tea (x␛)."),
    (events.TopicChanged(**T, text="green\x07"), "bob set the topic of #tea to: green␇"),
    (events.ModeChanged(**T, mode=Mode.SECRET, on=True), "bob set secret on #tea."),
    (events.RoleChanged(**T, who=ADA, role=Role.OP, on=True), "bob made ada op of #tea."),
    (
        events.MaskChanged(**T, listing=Listing.BAN, pattern="x!*@*", on=True),
        "bob put x!*@* on the ban list of #tea.",
    ),
    (events.Invited(**T, who=ADA), "bob invited ada to #tea."),
    (events.Quit(**E, reason="bye"), "bob went off line (bye)."),
    (events.PersonChanged(**E, now=Person("rob")), "bob is now called rob."),
    (events.PersonChanged(**E, now=ADA), "You are called ada now."),
    (
        events.PersonChanged(**E, now=Person("bob", real="Bob", account="bob")),
        "bob is logged in as bob.",
    ),
    (events.PersonChanged(**E, now=Person("bob", real="Bob", host="x")), ""),
    (events.PersonChanged(**E, now=Person("bob", real="B")), "bob is now bob!~u@chat (B)."),
    (events.WentAway(**E, text="tea"), "bob is away: tea"),
    (events.WentAway(**E, text=None), "bob is back."),
    (events.Watched(**E, online=True), "bob is on line."),
    (events.Announced(**E, text="tea is ready"), "bob announces: tea is ready"),
    (answers.Answer(), "Done."),
    (answers.Refused(errors.NotInRoom("#te\x1ba")), "You are not in #te␛a."),
    (
        answers.Refused(errors.NeedMoreParams("PRIVMSG", "PRIVMSG <to> <text>")),
        "/w needs more: /w <to> <text>",
    ),
    (
        answers.Refused(errors.NotUnderstood("FR\x1bOB")),
        "There is no command /fr␛ob. /help shows what there is.",
    ),
    (answers.Said("text"), "text"),
    (answers.TopicIs(TEA), "The topic of #tea is: oolong (set by ada)"),
    (answers.TopicIs(LOBBY), "#lobby has no topic."),
    (MEMBERS, "In #tea: ~bob, +ada (away)."),
    (answers.MembersAre("#x", None, ()), "In #x: nobody that you can see."),
    (
        answers.Entered(TEA, MEMBERS),
        "The topic of #tea is: oolong (set by ada)\nIn #tea: ~bob, +ada (away).",
    ),
    (answers.Entered(LOBBY, MEMBERS), "In #tea: ~bob, +ada (away)."),
    (
        answers.RoomsAre((answers.Listed(TEA, 2), answers.Listed(LOBBY, 1))),
        "#tea (2): oolong\n#lobby (1)",
    ),
    (answers.RoomsAre(()), "There is no room that you can see."),
    (somebody(), "bob is Bob; in #tea."),
    (answers.Once("bob", ((BOB, 0), (BOB, 1))), "\n".join(["bob was bob!~u@chat (Bob)."] * 2)),
    (answers.Once("bob", ()), "Nobody called bob was here of late."),
    (
        answers.People("*", None, (somebody(), somebody("eve"))),
        "bob is Bob; in #tea.\neve is Bob; in #tea.",
    ),
    (answers.People("#tea", TEA, (BOB_HERE, ADA_AWAY)), "~bob\n+ada (away)"),
    (answers.People("x*", None, ()), "Nobody fits x*."),
    (
        answers.History(
            "#tea", (posted(TEA), posted(TEA, "", kind=Kind.SIGNAL), events.Joined(**T))
        ),
        f"(#tea) (bob) ({CLOCK}): hi\nbob joined #tea.",
    ),
    (answers.History("#tea", ()), "There is nothing more in #tea."),
    (
        answers.Conversations((Conversation(DIRECT, "bob", 0), Conversation(TEA, "#tea", 0))),
        "bob\n#tea",
    ),
    (answers.Conversations(()), "There is nothing."),
    (answers.MasksAre(TEA, "ban", (MASK, MASK)), "\n".join(["eve!*@* (by ada)"] * 2)),
    (answers.MasksAre(TEA, "ban", ()), "The ban list of #tea is empty."),
    (
        answers.ServerBansAre((SERVER_BAN,)),
        "192.0.2.0/24 (network), by ada on 1970-01-01 00:00 UTC, until 1970-01-01 00:01 UTC: t␛ea",
    ),
    (answers.ServerBansAre(()), "There is no such ban."),
    (answers.Rehashing("chatd.ini"), "chatd.ini is read again."),
    (answers.AwayIs(BOB, "t\nea"), "bob is away: t\n    ea"),
    (answers.MarkerIs("#tea", 42), "You have read #tea."),
    (answers.MarkerIs("#tea", None), "You have not read #tea."),
    (answers.YouAreAway(True), "You are away now."),
    (answers.InviteSent(TEA, BOB), "bob is invited to #tea."),
    (answers.LoggedIn(Account(1, "ada", Rank.USER, 0), ADA), "You are logged in as ada."),
    (answers.Registered("ada"), "The account ada is made."),
    (answers.Help("*", ("/topic", "/w")), "/topic\n/w"),
    (
        events.Offered(**T, **FILE, size=9, type="a/b", digest="", expires=0),
        "bob offers x.mp4 (9 bytes, a/b) to #tea: /accept f1 fetches it.",
    ),
    (
        events.Offered(**{**T, "by": ADA}, **FILE, size=9, type="a/b", digest="", expires=0),
        "You offer x.mp4 (9 bytes, a/b) to #tea: /bring f1 tells how to bring it.",
    ),
    (changed(Outcome.ACCEPTED), "bob accepts x.mp4 (f1)."),
    (changed(Outcome.STORED), "x.mp4 (f1), offered by bob to #tea, is stored."),
    (changed(Outcome.DONE), "bob has x.mp4 (f1)."),
    (changed(Outcome.DECLINED), "bob declines x.mp4 (f1) (No.)."),
    (changed(Outcome.CANCELLED), "bob no longer offers x.mp4 (f1) (No.)."),
    (changed(Outcome.EXPIRED), "The offer of x.mp4 (f1) has expired."),
    (changed(Outcome.FAILED), "x.mp4 (f1) did not arrive: No."),
    (
        events.Wanted(by=BOB, at=0, **FILE),
        "x.mp4 is waited for: /bring f1 tells how to bring it.",
    ),
    (answers.FilesAre("", ()), "No files are offered."),
    (answers.TicketIs(OFFER, "#tea", TICKET), "The ticket for x.mp4 is word."),
    (
        answers.Fetch(OFFER, TICKET, "chat:1"),
        "To fetch x.mp4, say in a shell, once and soon:\n    printf 'RELAY word 0\\r\\n' |"
        " openssl s_client -quiet -ign_eof -connect chat:1 > x.mp4",
    ),
    (
        answers.Bring(OFFER, TICKET, "chat:1"),
        "To bring x.mp4, say in a shell, once and soon:\n    (printf 'RELAY word 0\\r\\n';"
        " cat -- x.mp4) | openssl s_client -quiet -ign_eof -connect chat:1",
    ),
]


@pytest.mark.parametrize(("told", "sentence"), SENTENCES)
def test_sentence(told: object, sentence: str) -> None:
    """Each reads as it should; what nobody has to read is nothing."""
    assert render(told, READER) == sentence


@pytest.mark.parametrize(("module", "base"), [(events, events.Event), (answers, answers.Answer)])
def test_nothing_is_forgotten(module: ModuleType, base: type) -> None:
    """There is a sentence above for each event and each answer that there is."""
    known = {c for _, c in inspect.getmembers(module, inspect.isclass) if issubclass(c, base)}
    assert known
    assert known <= {type(told) for told, _ in SENTENCES}


def test_every_refusal_is_a_sentence() -> None:
    """No refusal of the house shows an empty place or breaks."""
    found = [c for _, c in inspect.getmembers(errors, inspect.isclass)]
    for kind in (c for c in found if issubclass(c, errors.ChatError)):
        shown = render(answers.Refused(kind("one", "two", "three")), READER)
        assert shown and "{" not in shown


def test_what_is_new_is_its_sentence() -> None:
    """An event of somebody's plugin shows as the sentence that it brings."""

    class Sang(events.Event):
        def __str__(self) -> str:
            return f"{self.by.name} sang\x07."

    assert render(Sang(**E), READER) == "bob sang␇."


def test_own_name_in_any_case() -> None:
    """One is oneself however the name is written."""
    told = posted(DIRECT, by=Person("Ada"), to="bob")
    assert render(told, READER).startswith("(Private) (To bob)")


@pytest.mark.parametrize(
    ("told", "colour"),
    [(posted(LOBBY), BLUE), (posted(TEA), CYAN), (posted(DIRECT, to="ada"), YELLOW)],
)
def test_colour(told: events.Posted, colour: str) -> None:
    """A terminal with colours sees where something was said; another sees no trace of them."""
    plain = render(told, READER)
    assert render(told, Reader("ada", "#lobby", colour=True)) == f"{colour}{plain}{PLAIN}"
    assert "\x1b" not in plain
