"""Answers and refusals as lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from chatd import answers, errors
from chatd.answers import (
    Answer,
    AwayIs,
    Bring,
    Conversations,
    Entered,
    Fetch,
    FilesAre,
    Help,
    History,
    InviteSent,
    Listed,
    LoggedIn,
    MarkerIs,
    MasksAre,
    MembersAre,
    OfferIs,
    Once,
    People,
    Present,
    Refused,
    Registered,
    Rehashing,
    RoomsAre,
    Said,
    ServerBansAre,
    Somebody,
    TicketIs,
    TopicIs,
    YouAreAway,
)
from chatd.core.settings import Server
from chatd.errors import ChatError, Cut, StartError
from chatd.frontends.irc.refusals import NUMBERS
from chatd.frontends.irc.replies import reply
from chatd.model import (
    Account,
    Barred,
    Listing,
    Mask,
    Mode,
    Offer,
    Person,
    Rank,
    Role,
    Room,
    ServerBan,
    Side,
    Ticket,
    Topic,
)
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, parse_text

ADA = Person("ada", "~ada", "tea.chat", "Ada L", "ada", 1)
BOB = Person("bob", "~bob", "pot.chat", "Bob")
TEA = Room(7, "#tea", True, 5000, topic=Topic("All about oolong", "ada", 61_000))
POT = Room(8, "#pot", True, 5000, modes=frozenset({Mode.SECRET}))
OFFER = Offer("f1", 7, 1, "ada", "#tea", None, "x y", 9, "a/b", "", 9000)
TICKET = Ticket("word", "f1", Side.SEND, ADA, 5000, False)
BOTH = (Present(ADA, Role.OWNER | Role.OP, None), Present(BOB, Role.MEMBER, "tea"))


@dataclass
class Me:
    """Whoever is answered."""

    caps: frozenset[str] = frozenset()
    person: Person = ADA
    rank: Rank = Rank.ADMIN
    server: Server = field(default_factory=lambda: Server(name="house", description="A house"))


def shown(answer: Answer, verb: str = "X", *caps: str) -> list[str]:
    said = reply(answer, Me(frozenset(caps)), verb)
    lines = [line for line in said if line is not None]
    for line in lines:
        assert len(line.encode()) <= LONGEST
        assert len(parse_text(line.text()).params) == len(line.params)
    return [line.text().removeprefix(":house ") for line in lines]


WHOIS = [
    "311 ada ada ~ada tea.chat * :Ada L",
    "319 ada ada :~#tea #pot",
    "312 ada ada house :A house",
    "301 ada ada tea",
    "313 ada ada :is an operator of this server",
    "330 ada ada ada :is logged in as",
    "671 ada ada :is using a secure connection",
    "276 ada ada :has client certificate fingerprint f00",
    "338 ada ada ~ada@tea.chat 192.0.2.1 :is really connecting from",
    "317 ada ada 61 9 :seconds idle, signon time",
    "318 ada ada :End of /WHOIS list.",
]
ANSWERS: list[tuple[Answer, list[str]]] = [
    (Answer(), ["NOTICE ada :Done."]),
    (Said("Fine.\nReally."), ["NOTICE ada :Fine. Really."]),
    (
        TopicIs(TEA),
        ["332 ada #tea :All about oolong", "333 ada #tea ada 61"],
    ),
    (TopicIs(POT), ["331 ada #pot :No topic is set."]),
    (
        MembersAre("#tea", TEA, BOTH),
        ["353 ada = #tea :~ada bob", "366 ada #tea :End of /NAMES list."],
    ),
    (
        MembersAre("#pot", POT, BOTH[1:]),
        ["353 ada @ #pot :bob", "366 ada #pot :End of /NAMES list."],
    ),
    (MembersAre("#no", None, ()), ["366 ada #no :End of /NAMES list."]),
    (
        Entered(TEA, MembersAre("#tea", TEA, BOTH)),
        [
            "332 ada #tea :All about oolong",
            "333 ada #tea ada 61",
            "353 ada = #tea :~ada bob",
            "366 ada #tea :End of /NAMES list.",
        ],
    ),
    (
        Somebody(
            ADA,
            "ada",
            "tea",
            ((TEA, Role.OWNER | Role.OP), (POT, Role.MEMBER)),
            61_000,
            9000,
            True,
            True,
            "192.0.2.1",
            "f00",
        ),
        WHOIS,
    ),
    (
        Somebody(BOB, None, None, (), 0, 9000, False, False),
        [
            "311 ada bob ~bob pot.chat * Bob",
            "312 ada bob house :A house",
            "317 ada bob 0 9 :seconds idle, signon time",
            "318 ada bob :End of /WHOIS list.",
        ],
    ),
    (
        Once("bob", ((BOB, 5),)),
        [
            "314 ada bob ~bob pot.chat * Bob",
            "312 ada bob house :A house",
            "369 ada bob :End of WHOWAS.",
        ],
    ),
    (
        Once("bob", ()),
        ["406 ada bob :There was no such nickname.", "369 ada bob :End of WHOWAS."],
    ),
    (
        MasksAre(TEA, Listing.BAN, (Mask(7, Listing.BAN, "*!*@x", "ada", 61_000),)),
        ["367 ada #tea *!*@x ada 61", "368 ada #tea :End of the ban list."],
    ),
    (MasksAre(TEA, Listing.EXCEPT, ()), ["349 ada #tea :End of the except list."]),
    (MasksAre(TEA, Listing.INVITE, ()), ["347 ada #tea :End of the invite list."]),
    (
        ServerBansAre((ServerBan(Barred.ACCOUNT, "eve", "ada", 0),)),
        ["NOTICE ada :eve (account), by ada on 1970-01-01 00:00 UTC, for good"],
    ),
    (ServerBansAre(()), ["NOTICE ada :There is no such ban."]),
    (Rehashing("chatd.ini"), ["382 ada chatd.ini :Reading the settings again."]),
    (AwayIs(BOB, "at tea"), ["301 ada bob :at tea"]),
    (MarkerIs("#tea", None), ["MARKREAD #tea *"]),
    (MarkerIs("#tea", 42), ["MARKREAD #tea timestamp=1970-01-01T00:00:00.042Z"]),
    (YouAreAway(True), ["306 ada :You are away now."]),
    (YouAreAway(False), ["305 ada :You are back."]),
    (InviteSent(TEA, BOB), ["341 ada bob #tea"]),
    (InviteSent(TEA, BOB, "tea"), ["341 ada bob #tea", "301 ada bob tea"]),
    (
        LoggedIn(Account(1, "ada", Rank.USER, 0), ADA),
        ["900 ada ada!~ada@tea.chat ada :You are logged in as ada."],
    ),
    (Registered("ada"), ["X SUCCESS ada :The account ada is made."]),
    (
        Registered("ada", True),
        [
            "X VERIFICATION_REQUIRED ada :To finish making ada, give your invitation code:"
            " VERIFY ada …"
        ],
    ),
    (
        Help("TOPIC", ("TOPIC <room>", "Read it.")),
        ["704 ada TOPIC :TOPIC <room>", "705 ada TOPIC :Read it.", "706 ada TOPIC :End of /HELP."],
    ),
    (RoomsAre((Listed(TEA, 2),)), ["NOTICE ada :#tea (2): All about oolong"]),
    (RoomsAre(()), ["NOTICE ada :There is no room that you can see."]),
    (People("#tea", TEA, ()), ["NOTICE ada :Nobody fits #tea."]),
    (History("#tea", ()), ["NOTICE ada :There is nothing more in #tea."]),
    (Conversations(()), ["NOTICE ada :There is nothing."]),
    (FilesAre("", ()), ["NOTICE ada :No files are offered."]),
    (
        FilesAre("", (OfferIs(OFFER, "#tea", 4),)),
        ["NOTICE ada :f1: x y (9 bytes) by ada to #tea, offered, 4 bytes are here"],
    ),
    (
        TicketIs(OFFER, "#tea", TICKET),
        ["FILE TICKET #tea f1 SEND word 1970-01-01T00:00:05.000Z :x y"],
    ),
    (
        Fetch(OFFER, TICKET, "chat:1"),
        [
            "NOTICE ada :To fetch x y, say in a shell, once and soon:",
            "NOTICE ada :printf 'RELAY word 0\\r\\n' | openssl s_client -quiet -ign_eof"
            " -connect chat:1 > 'x y'",
        ],
    ),
    (
        Bring(OFFER, TICKET, "chat:1"),
        [
            "NOTICE ada :To bring x y, say in a shell, once and soon:",
            "NOTICE ada :(printf 'RELAY word 0\\r\\n'; cat -- 'x y') | openssl s_client -quiet"
            " -ign_eof -connect chat:1",
        ],
    ),
    (Refused(errors.NotInRoom("#tea")), ["442 ada #tea :You are not in #tea."]),
]


@pytest.mark.parametrize(("answer", "lines"), ANSWERS)
def test_answers(answer: Answer, lines: list[str]) -> None:
    """Each answer has its lines; one of which IRC knows nothing is its sentence."""
    assert shown(answer) == lines


def test_no_answer_is_left_out() -> None:
    """Every kind of answer is in the table above."""
    kinds = {v for v in vars(answers).values() if isinstance(v, type) and issubclass(v, Answer)}
    assert {type(answer) for answer, _ in ANSWERS} == kinds


def test_oper() -> None:
    """Who takes up an office is told of it in the way of IRC."""
    account = Account(1, "ada", Rank.ADMIN, 0)
    assert shown(LoggedIn(account, ADA), "OPER") == [
        "381 ada :You are admin now.",
        ":ada!~ada@tea.chat MODE ada +o",
    ]


def test_said_as_a_note() -> None:
    """A sentence is a NOTE for those who know standard replies."""
    lines = shown(Said("Fine.", "FINE"), "CERT", Cap.STANDARD_REPLIES)
    assert lines == ["NOTE CERT FINE Fine."]


def test_names_as_asked_for() -> None:
    """All signs, and user and host, for those who asked."""
    members = MembersAre("#tea", TEA, BOTH)
    assert shown(members, "NAMES", Cap.MULTI_PREFIX)[0] == "353 ada = #tea :~@ada bob"
    whole = "353 ada = #tea :~ada!~ada@tea.chat bob!~bob@pot.chat"
    assert shown(members, "NAMES", Cap.USERHOST_IN_NAMES)[0] == whole


def test_many_names() -> None:
    """A great many names come in as many lines as it takes, and none is lost."""
    crowd = tuple(Present(Person(f"person{n}"), Role.MEMBER, None) for n in range(500))
    *lines, _ = reply(MembersAre("#tea", TEA, crowd), Me(), "NAMES")
    assert len(lines) > 5
    assert " ".join(line.params[-1] for line in lines).split() == [p.person.name for p in crowd]


def test_others_turn_before_names() -> None:
    """Before the names of a room one comes into it may be the others' turn, as they take long."""
    entered = Entered(TEA, MembersAre("#tea", TEA, BOTH), None)
    lines = [line and line.verb for line in reply(entered, Me(), "JOIN")]
    assert lines == ["332", "333", None, "353", "366"]
    quiet = Me(frozenset({Cap.NO_IMPLICIT_NAMES}))
    assert None not in list(reply(entered, quiet, "JOIN"))


CHAT_ERRORS = sorted(
    (
        v
        for v in vars(errors).values()
        if isinstance(v, type) and issubclass(v, Exception) and not issubclass(v, StartError | Cut)
    ),
    key=lambda error: error.__name__,
)


@pytest.mark.parametrize("kind", CHAT_ERRORS)
@pytest.mark.parametrize("caps", [(), (Cap.STANDARD_REPLIES,)])
def test_refusals(kind: type[ChatError], caps: tuple[str, ...]) -> None:
    """Each refusal is one line that ends in its sentence: a number, FAIL, or a NOTICE."""
    error = kind("#tea", "bob", "x")
    (line,) = reply(Refused(error), Me(frozenset(caps)), "VERB")
    assert line.params[-1] == str(error)
    if kind in NUMBERS:
        assert line.verb == NUMBERS[kind][0]
        assert line.params[0] == "ada"
    elif caps:
        assert (line.verb, *line.params[:2]) == ("FAIL", "VERB", kind.code)
    else:
        assert (line.verb, line.params[0]) == ("NOTICE", "ada")


def test_what_refusals_are_about() -> None:
    """What a refusal is about stands where the specifications want it."""
    for error, line in (
        (errors.AlreadyInRoom("#tea", "bob"), "443 ada bob #tea :bob is in #tea already."),
        (errors.TheyAreNotInRoom("#tea", "bob"), "441 ada bob #tea :bob is not in #tea."),
        (errors.NeedMoreParams("X", "X <a>"), "461 ada X :X needs more: X <a>"),
        (errors.LoginFailed(), "464 ada :The name or the secret is wrong."),
        (errors.EmptyMessage(), "412 ada :There is nothing to send."),
        (errors.NotUnderstood("X"), "421 ada X :There is no command X."),
        (errors.NoSuchRoom("a b"), "403 ada a_b :There is no room a b."),
    ):
        assert shown(Refused(error)) == [line]


def test_what_fails_is_about() -> None:
    """A FAIL names what it is about, if that is one word."""
    caps = (Cap.STANDARD_REPLIES,)
    one = shown(Refused(errors.AccountExists("ada")), "X", *caps)
    assert one == ["FAIL X ACCOUNT_EXISTS ada :There is an account ada already."]
    other = shown(Refused(errors.TooMany("targets at once", 4)), "X", *caps)
    assert other == ["FAIL X TOO_MANY :No more than 4 targets at once."]


def test_help_that_there_is_not() -> None:
    """HELP of what there is not has its own number."""
    lines = shown(Refused(errors.NotUnderstood("BREW")), "HELP")
    assert lines == ["524 ada BREW :There is no command BREW."]
