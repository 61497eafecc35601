"""What a person at a terminal may do at most, and what happens beyond."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from chatd.core.settings import Limits
from chatd.stores.memory import MemoryStore
from tests.frontends.human.persons import HumanHouse, Person, by_invitation
from tests.house import FAST


@pytest.fixture
def house() -> HumanHouse:
    """A house with a lobby."""
    return HumanHouse()


class TestBounds:
    """What one client may do to the house, and the house to a client."""

    def test_too_long(self, house: HumanHouse) -> None:
        """An over-long line is refused whole; its rest is not a line of its own."""
        ada = house.person("ada")
        ada.reads()
        ada.sends(b"x" * 4000)
        ada.sends(b"y" * 4000)
        ada.sends(b"/quit\n" + b"z" * 4097 + b"\n" + b"y" * 4096 + b"\n")
        ada.types("fine")
        refusal = "That line was too long: 4096 bytes are the most. Nothing was sent."
        assert ada.reads() == [
            refusal,
            refusal,
            f"(Global) (ada) (*): {'y' * 4096}",
            "(Global) (ada) (*): fine",
        ]

    @pytest.mark.parametrize("piece", [b"\xff\xff\n", b"\xc3\n", b"caf\xe9\n"])
    def test_not_utf8(self, house: HumanHouse, piece: bytes) -> None:
        """Bytes that are no text are refused with a sentence."""
        ada = house.person("ada")
        ada.reads()
        ada.sends(piece)
        assert ada.reads() == ["That was not UTF-8. Nothing was sent."]

    def test_drops_control_characters(self, house: HumanHouse) -> None:
        """NUL and the like are not sent on; what was rubbed out is gone."""
        ada = house.person("ada")
        ada.reads()
        ada.sends(b"he\0lo\x7f\x7fllo\x1b[A\n")
        assert ada.reads() == ["(Global) (ada) (*): hello"]

    def test_slows_down(self) -> None:
        """Whoever is too fast is not refused but waits, and then all is said in order."""
        limits = Limits(messages=3, messages_every=1, account_messages_every=0)  # type: ignore[arg-type]
        house = HumanHouse(limits=limits)
        ada = house.stranger_at_terminal()
        ada.types("GUEST ada", "1", "2", "3", "4")
        said = [line[-1] for line in ada.reads() if line.startswith("(Global)")]
        assert said == ["1", "2"]
        house.clock.advance(1.01)
        house.clock.advance(1.01)
        assert [line[-1] for line in ada.reads()] == ["3", "4"]

    def test_holds_a_client_that_sends_too_much(self) -> None:
        """Lines wait up to a bound; beyond it nothing is read, until some are done."""
        limits = Limits(messages=2, messages_every=1, account_messages_every=0)  # type: ignore[arg-type]
        house = HumanHouse(limits=limits)
        ada = house.guest("ada")
        ada.sends(b"x\n" * 70)
        assert ada.transport.producerState == "paused"
        for _ in range(60):
            house.clock.advance(1.01)
        assert ada.transport.producerState == "producing"

    def test_posts_wait_together_and_commands_after_them(self) -> None:
        """A bounded number of posts are on their way at once; a command waits for all of them."""
        store = SlowStore()
        house = HumanHouse(store=store, limits=Limits(**{**_fast(), "posts_waiting": 2}))
        ada = house.guest("ada")
        store.gate = Deferred()
        ada.types("one", "two", "three", "/topic")
        assert ada.reads() == []
        gate, store.gate = store.gate, None
        gate.callback(None)
        assert [line[-5:] for line in ada.reads()] == [": one", ": two", "three", "opic."]

    def test_lets_a_slow_reader_go(self, house: HumanHouse) -> None:
        """Who does not take what they are sent is let go; the others hear of it."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        bob.protocol._outbox.pauseProducing()
        for _ in range(300):
            ada.types("x" * 4000)
        assert bob.gone
        assert "bob went off line (Too slow)." in ada.reads()

    def test_is_told_when_the_house_closes(self, house: HumanHouse) -> None:
        """The last line says why, and nothing that comes later is done or shown."""
        ada, bob = house.person("ada"), house.person("bob")
        ada.reads()
        ada.talk.close("The server is shutting down.")
        ada.sends(b"more\n")
        bob.types("still here?")
        assert ada.reads() == ["The server is shutting down."]
        assert ada.gone
        ada.talk.close("again")
        ada.leaves()
        assert ada.reads() == []

    def test_leaves_nothing_behind(self, house: HumanHouse) -> None:
        """When the connection is cut the session is over, and no timer or list is left."""
        ada = house.person("ada")
        house.core.presence.watch(ada.talk, ["bob"])
        ada.talk.say("too late")
        ada.leaves()
        assert ada.receives() == b""
        assert len(house.core.sessions) == 0
        assert list(house.core.presence.watchers("bob")) == []
        assert house.clock.getDelayedCalls() == []

    def test_forgets_a_registration_that_was_begun(self) -> None:
        """Who goes instead of giving the code leaves no password behind."""
        house = HumanHouse(auth=by_invitation())
        ada = house.stranger_at_terminal()
        ada.types("REGISTER ada", "milk first")
        assert house.core.accounts._pending
        ada.leaves()
        assert not house.core.accounts._pending

    def test_goes_while_it_is_slowed_down(self) -> None:
        """Lines that still wait are not done any more."""
        limits = Limits(messages=2, messages_every=1, account_messages_every=0)  # type: ignore[arg-type]
        house = HumanHouse(limits=limits)
        ada = house.guest("ada")
        ada.types("one", "two")
        ada.leaves()
        assert house.clock.getDelayedCalls() == []


class SlowStore(MemoryStore):
    """A store whose disk waits for a gate to open."""

    gate: Deferred[None] | None = None

    async def append(self, entries):  # type: ignore[no-untyped-def]
        if self.gate is not None:
            await self.gate
        return await super().append(entries)


def _fast() -> dict[str, object]:
    return {name: getattr(FAST, name) for name in FAST.__dataclass_fields__}


def test_completes_commands_and_names(house: HumanHouse) -> None:
    """Tab knows the commands, one's rooms, and who is in the room one is in."""
    ada: Person = house.person("ada")
    house.person("Bobby")
    ada.types("/join #tea", "/room #lobby")
    assert ada.talk.complete("/top") == ["/topic"]
    assert ada.talk.complete("hello bo") == ["Bobby"]
    assert ada.talk.complete("/part #t") == ["#tea"]
    assert ada.talk.complete("hello zz") == []
    assert house.stranger_at_terminal().talk.complete("/") == []
