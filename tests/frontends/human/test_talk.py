"""The dialogue: who one is, what is said, what is asked for, and what is shown of it."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from chatd.core.accounts import digest
from chatd.core.settings import Auth, Server
from chatd.errors import NotKept
from chatd.interfaces import ISession
from chatd.model import Invitation, Rank
from tests.frontends.human.persons import HumanHouse, by_invitation

WELCOME = ["AUTH_REQUIRED", "This is Tea House: Milk first."]


@pytest.fixture
def house() -> HumanHouse:
    """A house with a lobby."""
    return HumanHouse()


def test_is_a_session(house: HumanHouse) -> None:
    """The core finds everything that it wants of a session."""
    ada = house.person("ada")
    assert verifyObject(ISession, ada.talk)
    assert ada.talk.address == "192.0.2.7"
    assert ada.talk.person.host.endswith(".chat")
    assert ada.talk.fingerprint is None


class TestComingIn:
    """LOGIN, REGISTER and GUEST."""

    def test_greets(self, house: HumanHouse) -> None:
        """The first line says what is wanted; then come the ways in."""
        lines = house.stranger_at_terminal().reads()
        assert lines == [*WELCOME, "Type LOGIN name or REGISTER name or GUEST name; QUIT to leave."]

    def test_offers_only_what_there_is(self) -> None:
        """Where nobody may register or be a guest, neither is offered."""
        house = HumanHouse(auth=Auth(registration="closed"))
        assert house.stranger_at_terminal().reads()[-1] == "Type LOGIN name; QUIT to leave."

    def test_logs_in(self, house: HumanHouse) -> None:
        """The password is asked for on its own line, and one is in the lobby."""
        house.account("ada")
        ada = house.stranger_at_terminal()
        ada.reads()
        ada.types("LOGIN ada")
        assert ada.reads() == ["Password: (it is seen while you type)"]
        ada.types("sesame")
        assert ada.reads()[:3] == [
            "AUTH_SUCCESS",
            "You are logged in as ada.",
            "You joined #lobby.",
        ]
        assert ada.talk.rank is Rank.USER

    def test_refuses_a_wrong_password(self, house: HumanHouse) -> None:
        """A wrong password, and a name that is not there, are told alike; one may try again."""
        house.account("ada")
        ada = house.stranger_at_terminal()
        ada.reads()
        for name in ("ada", "nobody"):
            ada.types(f"LOGIN {name}", "wrong")
            assert ada.reads()[1:] == ["AUTH_FAILED The name or the secret is wrong."]
        ada.types("LOGIN ada", "sesame")
        assert "AUTH_SUCCESS" in ada.reads()

    def test_takes_all_at_once(self, house: HumanHouse) -> None:
        """Lines that are sent ahead are done in turn, the password among them."""
        house.account("ada")
        bob, ada = house.person("bob"), house.stranger_at_terminal()
        bob.reads()
        ada.sends(b"LOGIN ada\r\nsesame\r\nhello\r\n")
        assert bob.reads() == ["ada joined #lobby.", "(Global) (ada) (*): hello"]

    def test_registers(self, house: HumanHouse) -> None:
        """Who makes an account is logged in, and can come back."""
        ada = house.stranger_at_terminal()
        ada.types("REGISTER ada", "milk first")
        assert ada.reads()[4:6] == ["The account ada is made.", "AUTH_SUCCESS"]
        again = house.stranger_at_terminal()
        again.types("LOGIN ada", "milk first")
        assert "AUTH_SUCCESS" in again.reads()

    @pytest.mark.parametrize(
        ("lines", "refusal"),
        [
            (["REGISTER a"], "AUTH_FAILED a cannot be a name: it should have 2 to 32 characters."),
            (["REGISTER ada", "short"], "AUTH_FAILED That password will not do: "),
            (["REGISTER bob", "milk first"], "AUTH_FAILED There is an account bob already."),
            (["REGISTER"], "AUTH_FAILED /register needs more: /register <name>"),
            (["LOGIN bob sesame"], "AUTH_FAILED LOGIN does not take more than a name: "),
            (["GUEST bob"], "AUTH_FAILED The name bob belongs to an account: log in to use it."),
            (["hello"], "Type LOGIN name or REGISTER name or GUEST name; QUIT to leave."),
            (["/join #tea"], "Type LOGIN name or REGISTER name or GUEST name; QUIT to leave."),
        ],
    )
    def test_refuses(self, house: HumanHouse, lines: list[str], refusal: str) -> None:
        """What will not do is refused with its reason, and a password is never shown again."""
        house.account("bob")
        ada = house.stranger_at_terminal()
        ada.types(*lines)
        last = ada.reads()[-1]
        assert last.startswith(refusal)
        assert "sesame" not in last
        assert len(house.core.sessions) == 0

    def test_refuses_where_registration_is_closed(self) -> None:
        """Nobody is asked for a password that would be of no use."""
        ada = HumanHouse(auth=Auth(registration="closed")).stranger_at_terminal()
        ada.reads()
        ada.types("REGISTER ada")
        assert ada.reads() == ["AUTH_FAILED New accounts are made by the administrator here."]

    @pytest.mark.parametrize(
        ("auth", "refusal"),
        [
            (Auth(guests=True), "There is an account bob already."),
            (Auth(guests=True, register_before_connect=False), "Come on line first."),
        ],
    )
    def test_refuses_what_the_house_does_not_want(self, auth: Auth, refusal: str) -> None:
        """Nobody makes an account of a guest's name, nor too early, nor is asked for a password."""
        house = HumanHouse(auth=auth)
        bob, ada = house.guest("bob"), house.stranger_at_terminal()
        ada.reads()
        ada.types("REGISTER bob")
        assert ada.reads() == [f"AUTH_FAILED {refusal}"]
        assert house.now(house.core.accounts.find("bob")) is None
        assert bob.talk.on_line

    def test_registers_only_ones_own_name(self) -> None:
        """Where accounts are called as their makers are, a guest makes one of its name alone."""
        bob = HumanHouse(auth=Auth(guests=True, register_other_name=False)).guest("bob")
        bob.types("/register ada")
        assert "accounts here are called as their makers are" in bob.reads()[-1]
        bob.types("/register bob", "milk first")
        assert bob.talk.person.account == "bob"

    def test_asks_for_an_email(self) -> None:
        """Where an e-mail address is wanted it is asked for, and has to be one."""
        house = HumanHouse(auth=Auth(register_email=True))
        ada = house.stranger_at_terminal()
        ada.reads()
        ada.types("REGISTER ada", "nowhere", "milk first")
        lines = ada.reads()
        assert lines[0] == "E-mail address:"
        assert lines[-1].startswith("AUTH_FAILED An e-mail address is wanted here")
        ada.types("REGISTER ada", "ada@example.org", "milk first")
        assert "AUTH_SUCCESS" in ada.reads()

    def test_name_taken_before_the_code(self) -> None:
        """Nor does an invitation code make an account of a name that a guest has by then."""
        house = HumanHouse(auth=Auth(guests=True, registration="invite"))
        house.now(house.store.add_invitation(Invitation(digest("let me in"), "root", None, 1)))
        ada = house.stranger_at_terminal()
        ada.types("REGISTER bob", "milk first")
        house.guest("bob")
        ada.types("let me in")
        assert ada.reads()[-1] == "AUTH_FAILED There is an account bob already."
        assert house.now(house.core.accounts.find("bob")) is None

    def test_name_is_taken(self, house: HumanHouse) -> None:
        """Who logs in while a guest has the name is refused, and still nobody."""
        house.guest("bob")
        house.account("bob")
        late = house.stranger_at_terminal()
        late.types("LOGIN bob", "sesame")
        assert late.reads()[-1] == "AUTH_FAILED The name bob is taken."
        assert (late.talk.person.name, late.talk.rank) == ("*", Rank.GUEST)

    def test_asks_for_an_invitation(self) -> None:
        """Where a code is needed it is asked for; a wrong one is refused."""
        house = HumanHouse(auth=by_invitation())
        house.now(house.store.add_invitation(Invitation(digest("let me in"), "root", None, 1)))
        ada = house.stranger_at_terminal()
        ada.reads()
        ada.types("REGISTER ada", "milk first", "wrong")
        assert ada.reads()[1:] == [
            "Invitation code:",
            "AUTH_FAILED That invitation code is not valid, or no longer.",
        ]
        ada.types("REGISTER ada", "milk first", "let me in")
        assert ada.reads()[2:4] == ["The account ada is made.", "AUTH_SUCCESS"]

    def test_lets_guests_in(self, house: HumanHouse) -> None:
        """A guest is on line at once, and can log in later."""
        house.account("ada")
        guest, bob = house.guest("visitor"), house.person("bob")
        guest.types("hello")
        assert bob.reads() == ["(Global) (visitor) (*): hello"]
        guest.types("/login ada", "sesame")
        assert "You are logged in as ada." in guest.reads()
        guest.types("/guest other")
        assert guest.reads() == ["You are logged in as ada already."]
        guest.types("/login ada")
        assert guest.reads() == ["You are logged in as ada already."]

    def test_shows_the_message_of_the_day(self) -> None:
        """What the operator has to say comes right after one is in."""
        house = HumanHouse(server=Server(lobby="#lobby", motd="Kettle is on.\nMugs are out.\n"))
        guest = house.stranger_at_terminal()
        guest.types("GUEST ada")
        at = guest.reads()
        assert at[at.index("AUTH_SUCCESS") + 1 :][:2] == ["Kettle is on.", "Mugs are out."]

    def test_does_not_wait_for_ever(self, house: HumanHouse) -> None:
        """Who does not say who they are is let go; who does may stay."""
        slow, ada = house.stranger_at_terminal(), house.person("ada")
        slow.types("LOGIN ada")
        house.clock.advance(61)
        assert slow.gone
        assert slow.reads()[-1] == "That took too long. Come again."
        assert not ada.gone

    def test_goes_while_the_password_is_verified(self, house: HumanHouse) -> None:
        """Whoever hangs up in the middle of it leaves nobody behind."""
        waiting: Deferred[None] = Deferred()
        store = house.store
        find = store.find_account

        async def slowly(name: str) -> object:
            await waiting
            return await find(name)

        house.account("ada")
        store.find_account = slowly
        ada = house.stranger_at_terminal()
        ada.types("LOGIN ada", "sesame")
        ada.leaves()
        waiting.callback(None)
        house.settle()
        assert len(house.core.sessions) == 0

    def test_goes_while_it_is_asked(self, house: HumanHouse) -> None:
        """Whoever hangs up instead of answering leaves nothing behind."""
        ada = house.stranger_at_terminal()
        ada.types("LOGIN ada")
        ada.leaves()
        assert house.clock.getDelayedCalls() == []


class TestTalking:
    """What is said, and who hears it."""

    def test_is_heard_in_the_room(self, house: HumanHouse) -> None:
        """What one types the others read; the same line is one's own receipt."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        ada.types("hello there")
        line = "(Global) (ada) (*): hello there"
        assert ada.reads() == [line]
        assert bob.reads() == [line]

    def test_is_heard_in_other_dialects(self, house: HumanHouse) -> None:
        """An IRC client and a person at a terminal talk in one room."""
        ada, bob = house.person("ada"), house.client("bob")
        bob.joins("#lobby")
        ada.reads()
        ada.types("hello", "/me smiles")
        assert bob.hears() == [
            ":ada PRIVMSG #lobby :hello",
            ":ada PRIVMSG #lobby :\x01ACTION smiles\x01",
        ]
        ada.reads()
        bob.says("PRIVMSG #lobby :hi ada", "PRIVMSG #lobby :\x01ACTION waves\x01")
        assert ada.reads() == ["(Global) (bob) (*): hi ada", "(Global) (*): * bob waves"]

    def test_whispers(self, house: HumanHouse) -> None:
        """Only the two read it, each from their side."""
        ada, bob, eve = (house.person(name) for name in ("ada", "bob", "eve"))
        for one in (ada, bob, eve):
            one.reads()
        ada.types("/w bob psst")
        assert ada.reads() == ["(Private) (To bob) (*): psst"]
        assert bob.reads() == ["(Private) (From ada) (*): psst"]
        assert eve.reads() == []

    def test_talks_in_the_first_room_and_turns_to_others(self, house: HumanHouse) -> None:
        """/join and /room choose where what is typed is said; leaving goes back."""
        ada, bob = house.person("ada"), house.person("bob")
        bob.types("/join #tea")
        ada.types("/join tea")
        ada.reads()
        ada.types("in tea", "/room #lobby", "in the lobby", "/room tea", "tea again")
        assert ada.reads() == [
            "(#tea) (ada) (*): in tea",
            "You talk in #lobby now.",
            "(Global) (ada) (*): in the lobby",
            "You talk in #tea now.",
            "(#tea) (ada) (*): tea again",
        ]
        ada.types("/part", "back in the lobby")
        assert ada.reads() == ["You left #tea.", "(Global) (ada) (*): back in the lobby"]
        ada.types("/room #tea")
        assert ada.reads() == ["You are not in #tea."]

    def test_empty_lines_are_nothing(self, house: HumanHouse) -> None:
        """They are not said; to a question, though, they are an answer."""
        ada = house.person("ada")
        ada.reads()
        ada.types("", "   ", "/password", "", "said")
        assert ada.reads()[1:] == [
            "The name or the secret is wrong.",
            "(Global) (ada) (*): said",
        ]

    def test_joins_a_room_again(self, house: HumanHouse) -> None:
        """/join of a room where one is only turns to it, and says so."""
        ada = house.person("ada")
        ada.types("/join #tea")
        ada.reads()
        ada.types("/join #LOBBY", "hi")
        assert ada.reads() == ["You talk in #lobby now.", "(Global) (ada) (*): hi"]

    def test_says_nothing_where_there_is_no_room(self) -> None:
        """Without a room, what is typed goes nowhere, and one is told so."""
        house = HumanHouse(server=Server(lobby=""))
        ada = house.person("ada")
        ada.types("hello")
        assert ada.reads() == ["You are in no room. /join #room takes you into one."]

    def test_is_put_out(self, house: HumanHouse) -> None:
        """Who is put out reads why, and talks elsewhere from then on."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.types("/join #tea")
        bob.types("/join #tea")
        bob.reads()
        ada.types("/kick bob too loud")
        bob.types("hm")
        assert bob.reads() == ["ada removed you from #tea (too loud).", "(Global) (bob) (*): hm"]

    def test_long_farewell_is_cut(self, house: HumanHouse) -> None:
        """A reason is as long as the ini lets it be."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        bob.types("/quit " + "x" * 1000)
        assert ada.reads() == [f"bob went off line ({'x' * 300})."]

    def test_shows_comings_and_goings(self, house: HumanHouse) -> None:
        """Joining, leaving and hanging up are sentences."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        bob.types("/join #tea", "/part #lobby tea time", "/join #lobby", "/quit so long")
        assert bob.gone
        assert ada.reads() == [
            "bob left #lobby (tea time).",
            "bob joined #lobby.",
            "bob went off line (so long).",
        ]

    def test_refuses_what_is_not_kept(self, house: HumanHouse) -> None:
        """If the store fails, the sender reads it and nobody else hears anything."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()

        async def full(entries: object) -> None:
            raise NotKept("the disk is full.")

        house.store.append = full
        ada.types("hello")
        assert ada.reads() == [
            "The server could not store this, so it was not sent: the disk is full."
        ]
        assert bob.reads() == []

    def test_makes_escape_sequences_harmless(self, house: HumanHouse) -> None:
        """What another client sends cannot act on one's terminal."""
        ada, bob = house.person("ada"), house.client("bob")
        bob.joins("#lobby")
        ada.reads()
        bob.says("PRIVMSG #lobby :\x1b[2J\x1b]0;owned\x07")
        assert ada.reads() == ["(Global) (bob) (*): ␛[2J␛]0;owned␇"]


class TestAsking:
    """Slash commands."""

    def test_topic(self, house: HumanHouse) -> None:
        """The topic of the room one is in is set and read without naming it."""
        ada = house.person("ada")
        ada.types("/join #tea", "/topic All about oolong")
        ada.reads()
        ada.types("/topic", "/topic #tea")
        line = "The topic of #tea is: All about oolong (set by ada)"
        assert ada.reads() == [line, line]

    def test_unknown(self, house: HumanHouse) -> None:
        """What there is not is not said in the room, and one learns where to look."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        ada.types("/frob x", "/w bob")
        assert ada.reads() == [
            "There is no command /frob. /help shows what there is.",
            "/w needs more: /w <to> <text>",
        ]
        assert bob.reads() == []

    def test_help(self, house: HumanHouse) -> None:
        """Help is in the form that people type, for what they may ask for."""
        ada = house.person("ada")
        ada.types("/help")
        lines = ada.reads()
        assert any(line.startswith("/topic <room> [text]: ") for line in lines)
        assert any(line.startswith("/w <to> <text>: ") for line in lines)
        assert any(line.startswith("/login <name>: ") for line in lines)
        assert not any(line.startswith(("/kill", "/tagmsg", "/verify")) for line in lines)
        ada.types("/help msg")
        assert ada.reads() == [
            "/w <to> <text>",
            "Say something in a room, or to somebody, who need not be on line.",
            "Also: /msg.",
        ]
        ada.types("/help frob")
        assert ada.reads() == ["There is no command /frob. /help shows what there is."]

    def test_help_before_one_is_in(self, house: HumanHouse) -> None:
        """A stranger learns how to come in, and no more."""
        stranger = house.stranger_at_terminal()
        stranger.reads()
        stranger.types("HELP")
        verbs = [line.partition(" ")[0].rstrip(":") for line in stranger.reads()[:-1]]
        assert verbs == ["/guest", "/help", "/login", "/quit", "/register"]

    def test_history(self, house: HumanHouse) -> None:
        """What was said before is shown as it was then."""
        ada = house.person("ada")
        ada.types("one", "/me waits", "two")
        ada.reads()
        ada.types("/history 3")
        assert ada.reads() == [
            "(Global) (ada) (*): one",
            "(Global) (*): * ada waits",
            "(Global) (ada) (*): two",
        ]

    def test_reads_what_was_whispered_meanwhile(self, house: HumanHouse) -> None:
        """A message to somebody who is not on line is there when they look."""
        house.account("bob")
        ada = house.person("ada")
        ada.types("/w bob call me")
        bob = house.person("bob")
        bob.types("/history ada")
        assert bob.reads() == ["(Private) (From ada) (*): call me"]

    def test_changes_the_password(self, house: HumanHouse) -> None:
        """The old and the new password are asked for, one after the other."""
        ada = house.person("ada")
        ada.types("/password", "sesame", "open sesame")
        assert ada.reads()[-1] == "Your password is changed."
        again = house.stranger_at_terminal()
        again.types("LOGIN ada", "open sesame")
        assert "AUTH_SUCCESS" in again.reads()

    def test_takes_up_office(self, house: HumanHouse) -> None:
        """An operator gives the password once more, unseen, and may then do more."""
        house.account("root", Rank.ADMIN)
        root, bob = house.person("root"), house.person("bob")
        root.types("/kill bob", "/oper root", "sesame", "/kill bob spam")
        lines = root.reads()
        assert "Only an operator of the server may do that." in lines
        assert "bob is off line." in lines
        assert bob.gone

    def test_a_bug_is_an_incident(self, house: HumanHouse) -> None:
        """What goes wrong inside is a number for the person; the talk goes on."""
        from twisted.logger import globalLogPublisher

        seen: list[object] = []
        globalLogPublisher.addObserver(seen.append)
        ada = house.person("ada")
        ada.reads()
        house.core.places._by_name = None  # type: ignore[assignment]
        ada.types("/topic")
        globalLogPublisher.removeObserver(seen.append)
        assert "the operator will find it as incident" in ada.reads()[-1]
        assert any("incident" in str(event) for event in seen)
