"""Any sequence of acts in rooms leaves the house as a few dicts say it should be.

People come and go, join, speak, are put out, get roles and lose them; now and then the
house starts again. Beside it a model of a few lines does the same. After each act the
rooms as they stand, and what the store has of them, have to be those of the model.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatd.errors import NoSuchRoom
from chatd.events import Posted
from chatd.model import Mode, Role
from chatd.stores.memory import MemoryStore
from tests.house import FakeSession, House

SECONDS = float(os.environ.get("CHATD_FUZZ_SECONDS", "15"))
EXAMPLES_IN_A_SECOND = 10
ACCOUNTS = ("ada", "bob", "cyd")

people = st.sampled_from([*ACCOUNTS, "eve", "mallory"])
rooms = st.sampled_from(["#tea", "#milk"])
roles = st.sampled_from([Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER])
modes = st.sampled_from([Mode.INVITE_ONLY, Mode.MODERATED, Mode.MEMBERS_ONLY, Mode.REGISTERED_ONLY])
either = st.booleans()


@dataclass
class Modelled:
    """A room: the accounts that belong to it, and who is there, each with their role."""

    kept: bool
    belong: dict[str, Role] = field(default_factory=dict)
    here: dict[str, Role] = field(default_factory=dict)
    modes: set[Mode] = field(default_factory=lambda: {Mode.MEMBERS_ONLY, Mode.TOPIC_LOCK})
    banned: set[str] = field(default_factory=set)
    invited: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)

    def seat(self, who: str, role: Role) -> None:
        """Somebody is there, as this."""
        self.here[who] = role
        if who in ACCOUNTS:
            self.belong[who] = role

    def unseat(self, who: str) -> None:
        """Somebody is out for good."""
        del self.here[who]
        self.belong.pop(who, None)

    def takes(self, who: str) -> bool:
        """Whether somebody who does not belong to it may come in."""
        if Mode.REGISTERED_ONLY in self.modes and who not in ACCOUNTS:
            return False
        return who in self.invited or not (who in self.banned or Mode.INVITE_ONLY in self.modes)

    def hears(self, who: str) -> bool:
        """Whether somebody may speak."""
        role = self.here.get(who)
        if role is not None and role >= Role.VOICE:
            return True
        if Mode.MODERATED in self.modes or (role is None and Mode.MEMBERS_ONLY in self.modes):
            return False
        guest = who not in ACCOUNTS
        return who not in self.banned and not (guest and Mode.REGISTERED_ONLY in self.modes)

    def runs(self, who: str) -> bool:
        """Whether somebody may change the room."""
        return self.here.get(who, Role.MEMBER) >= Role.OP

    def is_above(self, who: str, other: str) -> bool:
        """Whether somebody may act on another: nobody acts on those above."""
        return (
            self.runs(who) and other in self.here and top(self.here[other]) <= top(self.here[who])
        )


def top(role: Role) -> int:
    """A role by its highest part."""
    return role.bit_length()


class RoomsMachine(RuleBasedStateMachine):
    """The house and the model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.house = House(self.store)
        self.sessions: dict[str, FakeSession] = {}
        self.rooms: dict[str, Modelled] = {}

    def ask(self, who: str, verb: str, *params: str) -> None:
        self.house.ask(self.sessions[who], verb, *params)

    def end(self) -> None:
        """Rooms that nobody keeps end with the last one there."""
        self.rooms = {name: room for name, room in self.rooms.items() if room.kept or room.here}

    @rule(who=people)
    def comes(self, who: str) -> None:
        if who not in self.sessions:
            self.sessions[who] = self.house.session(who, account=who in ACCOUNTS)
            for room in self.rooms.values():
                if who in room.belong:
                    room.here[who] = room.belong[who]
                    room.invited.discard(who)

    @rule(who=people)
    def goes(self, who: str) -> None:
        if who in self.sessions:
            self.house.core.sessions.leave(self.sessions.pop(who), "")
            self.house.settle()
            for room in self.rooms.values():
                room.here.pop(who, None)
                if who not in ACCOUNTS:
                    room.invited.discard(who)
            self.end()

    @rule(who=people, name=rooms)
    def joins(self, who: str, name: str) -> None:
        if who not in self.sessions:
            return
        self.ask(who, "JOIN", name)
        account = who in ACCOUNTS
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Modelled(kept=account)
            room.seat(who, Role.OWNER | Role.OP if account else Role.OP)
        elif who in room.belong:
            room.here[who] = room.belong[who]
            room.invited.discard(who)
        elif who not in room.here and room.takes(who):
            room.seat(who, Role.MEMBER)
            room.invited.discard(who)

    @rule(who=people, name=rooms)
    def leaves(self, who: str, name: str) -> None:
        if who in self.sessions:
            self.ask(who, "PART", name)
            if name in self.rooms and who in self.rooms[name].here:
                self.rooms[name].unseat(who)
                self.end()

    @rule(who=people, name=rooms)
    def speaks(self, who: str, name: str) -> None:
        if who not in self.sessions:
            return
        for session in self.sessions.values():
            session.heard.clear()
        room = self.rooms.get(name)
        text = f"{who} {len(room.said) if room else 0}"
        self.ask(who, "PRIVMSG", name, text)
        spoken = room is not None and room.hears(who)
        heard = {n for n, s in self.sessions.items() if any(is_text(e, text) for e in s.heard)}
        assert heard == (set(room.here) if room is not None and spoken else set())
        if room is not None and spoken:
            room.said.append(text)

    def told(self, by: str, name: str, verb: str, *params: str) -> Iterator[Modelled]:
        """Let somebody on line ask for something; the room, if there is one, to do the same."""
        if by in self.sessions:
            self.ask(by, verb, name, *params)
            if name in self.rooms:
                yield self.rooms[name]

    @rule(by=people, who=people, name=rooms)
    def removes(self, by: str, who: str, name: str) -> None:
        for room in self.told(by, name, "KICK", who):
            if room.is_above(by, who):
                room.unseat(who)
                self.end()

    @rule(by=people, who=people, name=rooms, role=roles, on=either)
    def grants(self, by: str, who: str, name: str, role: Role, on: bool) -> None:
        verb = "GRANT" if on else "REVOKE"
        for room in self.told(by, name, verb, who, str(role.name).lower()):
            own = by == who and not on and room.runs(by)
            needed = Role.OWNER if role >= Role.ADMIN else Role.OP
            if own or (room.is_above(by, who) and room.here[by] >= needed):
                room.seat(who, room.here[who] | role if on else room.here[who] & ~role)

    @rule(by=people, who=people, name=rooms, on=either)
    def bans(self, by: str, who: str, name: str, on: bool) -> None:
        for room in self.told(by, name, "BAN" if on else "UNBAN", who):
            if room.runs(by):
                (room.banned.add if on else room.banned.discard)(who)

    @rule(by=people, name=rooms, mode=modes, on=either)
    def switches(self, by: str, name: str, mode: Mode, on: bool) -> None:
        for room in self.told(by, name, "SET" if on else "UNSET", mode):
            if room.runs(by):
                (room.modes.add if on else room.modes.discard)(mode)

    @rule(by=people, who=people, name=rooms)
    def invites(self, by: str, who: str, name: str) -> None:
        if by not in self.sessions:
            return
        self.ask(by, "INVITE", who, name)
        room = self.rooms.get(name)
        if room is None or who not in self.sessions or who in room.here:
            return
        if room.runs(by) or (by in room.here and Mode.INVITE_ONLY not in room.modes):
            room.invited.add(who)

    @rule()
    def starts_again(self) -> None:
        self.house = House(self.store)
        self.sessions.clear()
        for room in self.rooms.values():
            room.here.clear()
            room.invited.clear()
        self.end()

    @invariant()
    def rooms_are_as_modelled(self) -> None:
        assert {place.room.name for place in self.house.core.places} == set(self.rooms)
        stored = {room.name for room in self.house.now(self.store.rooms())}
        assert stored == set(self.rooms)
        for name, room in self.rooms.items():
            place = self.house.core.places.find(name)
            assert {s.person.name: s.role for s in place.seats.values()} == room.here
            assert place.room.modes == room.modes
            assert {m.pattern for m in place.masks} == {f"{who}!*@*" for who in room.banned}

    @invariant()
    def store_is_as_modelled(self) -> None:
        names = {a.key: a.name for a in self.house.now(self.store.accounts())}
        for name, room in self.rooms.items():
            found = self.house.core.rooms.find(name)
            members = self.house.now(self.store.members(found.key))
            assert {names[m.account]: m.role for m in members} == room.belong
            log = self.house.now(self.store.page(found, None, None, 10_000, True))
            assert [e.number for e in log] == list(range(1, len(log) + 1))
            assert [e.text for e in log if isinstance(e, Posted)] == room.said

    @invariant()
    def nothing_is_left_behind(self) -> None:
        core = self.house.core
        assert core.log.idle()
        seated = {who for room in self.rooms.values() for who in room.here}
        assert set(core.places._of) == seated
        for name in ("#tea", "#milk"):
            if name not in self.rooms:
                with pytest.raises(NoSuchRoom):
                    core.rooms.find(name)


def is_text(event: Any, text: str) -> bool:
    """Whether an event is a message with this text."""
    return isinstance(event, Posted) and event.text == text


def play(examples: int) -> None:
    """Let the two go side by side for some time."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        RoomsMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_rooms_beside_a_model() -> None:
    """A few hundred acts: the house and the model agree after each."""
    play(30)


@pytest.mark.slow
def test_fuzz_rooms_beside_a_model() -> None:
    """The same for a longer time."""
    play(int(SECONDS * EXAMPLES_IN_A_SECOND))
