"""Any sequence of acts in rooms leaves the house as a few dicts say it should be.

People come and go, at one place or two, join, speak, are put out and banned, get roles and
lose them, change modes and names; time passes, and now and then the house starts again.
Beside it the model in tests/modelled.py does the same. Who may not is refused, and told why.
After each act the rooms as they stand, what the store has of them, and what everybody heard
have to be as the model says. `CHATD_FUZZ_SECONDS` says for how long; `make fuzz` takes ten
minutes.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from twisted.internet.defer import Deferred, ensureDeferred

from chatd.answers import Answer, MembersAre, Refused
from chatd.commands import Request
from chatd.errors import ChatError, NoSuchRoom
from chatd.events import Event, Invited, Posted, RoomEvent
from chatd.model import Listing, Mode, Role
from chatd.stores.memory import MemoryStore
from tests.house import FakeSession, House
from tests.modelled import ACCOUNTS, GUESTS, MUTES, Modelled

SECONDS = float(os.environ.get("CHATD_FUZZ_SECONDS", "15"))
PLACES = 2
"""How many sessions of one account there are at once."""
NAMES = ("#tea", "#milk", "#pot")
ALIASES = (*GUESTS, "trudy")
KEYS = ("", "oolong", "assam")

acts: Counter[str] = Counter()
people = st.sampled_from([*ACCOUNTS, *GUESTS])
chiefs = st.sampled_from([*ACCOUNTS[:1] * 5, *ACCOUNTS, *GUESTS])
"""Mostly the one who founds the first room, so that most acts are not refused."""
rooms = st.sampled_from([*NAMES[:1] * 3, *NAMES])
roles = st.sampled_from([Role.VOICE, Role.OP, Role.ADMIN, Role.OWNER])
modes = st.sampled_from([mode for mode in Mode if mode is not Mode.NO_CTCP])
keys = st.sampled_from(KEYS)
kinds = st.sampled_from(["{0}!*@*", "{0}!*@*", "$a:{0}", MUTES + "{0}!*@*", "$u"])
spans = st.sampled_from([None, 10, 100])
either = st.booleans()


class RoomsMachine(RuleBasedStateMachine):
    """The house and the model, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.house = House(self.store)
        self.sessions: dict[str, list[FakeSession]] = {}
        self.names: dict[str, str] = {who: who for who in ACCOUNTS}
        self.rooms: dict[str, Modelled] = {}
        self.there: dict[int, set[str]] = {}
        self.said = 0

    @property
    def now(self) -> int:
        return int(self.house.core.log.now())

    def ask(self, who: str, verb: str, *params: str) -> str:
        """Let somebody ask for something; the code of the refusal, if it is one."""
        return why(verb, self.house.ask(self.sessions[who][-1], verb, *params))

    def asked(self, by: str, may: bool, verb: str, *params: str) -> bool:
        """The same; whether it was done, which has to be as the model says."""
        code = self.ask(by, verb, *params)
        assert (code == "") is may, (by, verb, params, code)
        return may

    def end(self) -> None:
        """Rooms that nobody keeps end with the last one there."""
        self.rooms = {name: room for name, room in self.rooms.items() if room.kept or room.here}

    # -- coming and going

    @initialize()
    def begins(self) -> None:
        for who in (*ACCOUNTS, *GUESTS):
            self.comes(who)
            self.joins(who, "#tea", "")
        self.joins("eve", "#milk", "")

    @rule(who=people)
    def comes(self, who: str) -> None:
        here = self.sessions.get(who, [])
        account = who in ACCOUNTS
        if len(here) >= PLACES or (not account and (here or who in self.names.values())):
            return
        self.names[who] = who
        self.sessions[who] = [*here, self.house.session(who, account)]
        for room in self.rooms.values() if not here else ():
            room.back(who, self.now)

    @rule(who=people)
    def goes(self, who: str) -> None:
        if who not in self.sessions:
            return
        self.house.core.sessions.leave(self.sessions[who].pop(0), "")
        self.house.settle()
        if not self.sessions[who]:
            self.gone(who)

    def gone(self, who: str) -> None:
        """Nobody of somebody is on line any more."""
        del self.sessions[who]
        for room in self.rooms.values():
            room.here.pop(who, None)
            if who in GUESTS:
                room.invited.discard(who)
        if who in GUESTS:
            del self.names[who]
        self.end()

    @rule(who=st.sampled_from(GUESTS), name=st.sampled_from(ALIASES))
    def is_called(self, who: str, name: str) -> None:
        if who not in self.sessions:
            return
        sessions, person = self.house.core.sessions, self.sessions[who][0].person
        change = sessions.change(sessions.find(person.name), replace(person, name=name))
        taken = name in self.names.values() and name != self.names[who]
        assert (self.tried(change) == "") is not taken
        if not taken:
            self.names[who] = name

    @rule(seconds=st.sampled_from([1, 20, 200]))
    def time_passes(self, seconds: int) -> None:
        self.house.clock.advance(seconds)

    @rule(chance=st.integers(1, 6))
    def starts_again(self, chance: int) -> None:
        """Now and then; whoever was on line is back at once."""
        if chance > 1:
            return
        now = self.house.clock.seconds()
        self.house = House(self.store)
        self.house.clock.advance(now - self.house.clock.seconds())
        self.there.clear()
        before = list(self.sessions)
        for who in before:
            self.gone(who)
        for room in self.rooms.values():
            room.invited.clear()
        for who in before:
            self.comes(who)

    @rule(who=people, name=rooms, key=keys)
    def joins(self, who: str, name: str, key: str) -> None:
        if who not in self.sessions:
            return
        room = self.rooms.get(name)
        expected = "" if room is None else room.why_not_in(who, key, self.now)
        assert self.ask(who, "JOIN", name, key) == expected
        if room is None:
            room = self.rooms[name] = Modelled(who in ACCOUNTS, self.names)
            room.found(who)
        elif not expected and who not in room.here:
            room.seat(who, room.belong.get(who, Role.MEMBER))

    @rule(who=people, name=rooms)
    def leaves(self, who: str, name: str) -> None:
        for room in self.on_line(who, name):
            if self.asked(who, who in room.here, "PART", name):
                room.unseat(who)
                self.end()

    # -- speaking and reading

    @rule(speakers=st.lists(people, min_size=1, max_size=4), name=rooms)
    def speak(self, speakers: list[str], name: str) -> None:
        """Several at once: all hear them in one order, that in which they asked."""
        room = self.rooms.get(name)
        speakers = [who for who in speakers if who in self.sessions]
        self.forget()
        texts = []
        for who, code in zip(speakers, self.say(speakers, name), strict=True):
            missing = NoSuchRoom.code if room is None else ""
            assert code == (missing or (room and room.why_not_speak(who, self.now))), (who, code)
            if not code:
                texts.append(f"{who} {self.said}")
            self.said += 1
        for who, session in self.everybody():
            inside = room is not None and who in room.here
            assert [text(e) for e in session.heard if text(e)] == (texts if inside else [])
        if room is not None:
            room.said.extend(texts)

    def say(self, speakers: Iterable[str], name: str) -> list[str]:
        """Let them all speak in one turn; the codes of the refusals."""
        asked: list[tuple[list[Answer], Deferred[None]]] = []
        for number, who in enumerate(speakers, self.said):
            answers: list[Answer] = []
            params = (name, f"{who} {number}")
            request = Request(self.sessions[who][0], "PRIVMSG", params, answers.append)
            asked.append((answers, ensureDeferred(self.house.dispatcher.run(request))))
        self.house.settle()
        return [why("PRIVMSG", answers) for answers, _ in asked]

    @rule(who=people, name=rooms)
    def reads(self, who: str, name: str) -> None:
        for room in self.on_line(who, name):
            reading = self.house.core.history.latest(self.sessions[who][0], name, 100, said=True)
            if who in room.here:
                page = self.house.now(reading)
                assert [text(entry) for entry in page.entries] == room.said[-100:]
            else:
                assert self.tried(reading)

    @rule(who=people, name=rooms)
    def looks(self, who: str, name: str) -> None:
        if who not in self.sessions:
            return
        (found,) = self.house.ask(self.sessions[who][0], "NAMES", name)
        assert isinstance(found, MembersAre)
        room = self.rooms.get(name)
        shown = room is not None and room.is_seen_by(who)
        assert (found.room is not None) is shown
        seen = {p.person.name: p.role for p in found.present}
        assert seen == (self.called(room.here) if room is not None and shown else {})
        listed = {one.room.name for one in self.house.core.rooms.listed(self.sessions[who][0])}
        assert listed == {name for name, room in self.rooms.items() if room.is_seen_by(who)}

    def tries(self, who: str, name: str, again: bool) -> None:
        """What somebody does to see whether anything is otherwise for them now.

        :param again: whether they go off line first, and come again.
        """
        if again:
            self.goes(who)
            self.comes(who)
        self.speak([who], name)
        self.joins(who, name, "")

    # -- changing what is so

    def on_line(self, by: str, name: str) -> Iterator[Modelled]:
        """The room, if there is one, for somebody who is on line."""
        if by in self.sessions and name in self.rooms:
            yield self.rooms[name]

    @rule(by=chiefs, who=people, name=rooms)
    def removes(self, by: str, who: str, name: str) -> None:
        for room in self.on_line(by, name):
            if self.asked(by, room.is_above(by, who), "KICK", name, self.names.get(who, "nobody")):
                room.unseat(who)
                self.end()

    @rule(by=chiefs, who=people, name=rooms, role=roles, on=either)
    def grants(self, by: str, who: str, name: str, role: Role, on: bool) -> None:
        for room in self.on_line(by, name):
            verb, may = "GRANT" if on else "REVOKE", room.may_grant(by, who, role, on)
            params = name, self.names.get(who, "nobody"), str(role.name).lower()
            if self.asked(by, may, verb, *params):
                room.seat(who, room.here[who] | role if on else room.here[who] & ~role)

    @rule(
        by=chiefs,
        name=rooms,
        listing=st.sampled_from([Listing.BAN, Listing.BAN, *Listing]),
        kind=kinds,
        who=people,
        on=st.sampled_from([True, True, False]),
        span=spans,
        again=either,
    )
    def lists(
        self,
        by: str,
        name: str,
        listing: Listing,
        kind: str,
        who: str,
        on: bool,
        span: int | None,
        again: bool,
    ) -> None:
        pattern = kind.format(self.names.get(who, who))
        for room in self.on_line(by, name):
            until = self.now + span * 1000 if span and on else None
            session, change = self.sessions[by][0], self.house.core.rooms.set_mask
            code = self.tried(change(session, name, listing, pattern, on, until))
            assert (code == "") is room.runs(by)
            if not code and on is not (pattern in room.on(listing, self.now)):
                room.masks.pop((listing, pattern), None)
                room.masks |= {(listing, pattern): until} if on else {}
            self.tries(who, name, again)

    @rule(by=chiefs, name=rooms, mode=modes, on=either, who=people, again=either)
    def switches(self, by: str, name: str, mode: Mode, on: bool, who: str, again: bool) -> None:
        for room in self.on_line(by, name):
            if self.asked(by, room.runs(by), "SET" if on else "UNSET", name, mode):
                (room.modes.add if on else room.modes.discard)(mode)
            self.tries(who, name, again)

    @rule(by=chiefs, name=rooms, key=keys)
    def locks(self, by: str, name: str, key: str) -> None:
        for room in self.on_line(by, name):
            asked = ("SET", name, "password", key) if key else ("UNSET", name, "password")
            if self.asked(by, room.runs(by), *asked):
                room.password = key or None

    @rule(by=chiefs, name=rooms, limit=st.integers(0, 4))
    def bounds(self, by: str, name: str, limit: int) -> None:
        for room in self.on_line(by, name):
            asked = ("SET", name, "limit", str(limit)) if limit else ("UNSET", name, "limit")
            if self.asked(by, room.runs(by), *asked):
                room.limit = limit or None

    @rule(by=chiefs, name=rooms, words=st.sampled_from(["", "milk first", "no milk"]))
    def sets_topic(self, by: str, name: str, words: str) -> None:
        for room in self.on_line(by, name):
            if self.asked(by, room.may_set_topic(by), "TOPIC", name, words):
                room.topic = words

    @rule(by=chiefs, name=rooms, now=rooms)
    def renames(self, by: str, name: str, now: str) -> None:
        for room in self.on_line(by, name):
            may = room.may_rename(by) and (now == name or now not in self.rooms)
            if self.asked(by, may, "RENAME", name, now):
                self.rooms[now] = self.rooms.pop(name)

    @rule(by=chiefs, who=people, name=rooms)
    def invites(self, by: str, who: str, name: str) -> None:
        for room in self.on_line(by, name):
            may = who in self.sessions and room.may_invite(by, who)
            asked = self.asked(by, may, "INVITE", self.names.get(who, "nobody"), name)
            if asked and room.runs(by):
                room.invited.add(who)
            self.tries(who, name, again=False)

    # -- what has to be so after each act

    @invariant()
    def rooms_are_as_modelled(self) -> None:
        assert {place.room.name for place in self.house.core.places} == set(self.rooms)
        for name, room in self.rooms.items():
            place = self.house.core.places.find(name)
            assert {s.person.name: s.role for s in place.seats.values()} == self.called(room.here)
            topic = place.room.topic.text if place.room.topic is not None else ""
            assert (place.room.modes, topic) == (room.modes, room.topic)
            assert (place.room.password, place.room.limit) == (room.password, room.limit)
            for listing in Listing:
                masks = {m.pattern for m in place.listing(listing, self.now)}
                assert masks == set(room.on(listing, self.now))

    @invariant()
    def store_is_as_modelled(self) -> None:
        names = {a.key: a.name for a in self.house.now(self.store.accounts())}
        stored = {room.name for room in self.house.now(self.store.rooms())}
        assert stored == set(self.rooms)
        for name, room in self.rooms.items():
            found = self.house.core.rooms.find(name)
            members = self.house.now(self.store.members(found.key))
            assert {names[m.account]: m.role for m in members} == room.belong
            log = self.house.now(self.store.page(found, None, None, 10_000, True))
            assert [e.number for e in log] == list(range(1, len(log) + 1))
            assert [e.text for e in log if isinstance(e, Posted)] == room.said

    @invariant()
    def all_hear_the_same(self) -> None:
        """Whoever was in a room all the time has heard what the others heard, in that order."""
        for key, there in self.there.items():
            heard = [
                [str(e) for e in session.heard if is_for_all_in(key, e)]
                for _, session in self.everybody()
                if session.key in there
            ]
            assert all(one == heard[0] for one in heard)
        self.forget()
        self.there = defaultdict(set)
        for name, room in self.rooms.items():
            key = self.house.core.rooms.find(name).key
            self.there[key] = {s.key for who, s in self.everybody() if who in room.here}

    @invariant()
    def nothing_is_left_behind(self) -> None:
        core = self.house.core
        assert core.log.idle()
        seated = {self.names[who] for room in self.rooms.values() for who in room.here}
        assert set(core.places._of) == seated
        for name in NAMES:
            if name not in self.rooms:
                with pytest.raises(NoSuchRoom):
                    core.rooms.find(name)

    # -- parts

    def everybody(self) -> list[tuple[str, FakeSession]]:
        """All sessions, and whose they are."""
        return [(who, one) for who, sessions in self.sessions.items() for one in sessions]

    def called(self, roles: dict[str, Role]) -> dict[str, Role]:
        """The same by the names that people have now."""
        return {self.names[who]: role for who, role in roles.items()}

    def forget(self) -> None:
        """What was heard so far is of no interest any more."""
        for _, session in self.everybody():
            session.heard.clear()

    def tried(self, work: object) -> str:
        """Let a part of the core do something; the code of the refusal, if it is one."""
        try:
            self.house.now(work)
        except ChatError as error:
            return error.code
        return ""


def why(verb: str, answers: list[Answer]) -> str:
    """The code of the refusal among some answers; nothing if there is none."""
    codes = [answer.error.code for answer in answers if isinstance(answer, Refused)]
    code = codes[0] if codes else ""
    acts[f"{verb} {code}".strip()] += 1
    return code


def text(event: Event) -> str:
    """What was said, if it is a message."""
    return event.text if isinstance(event, Posted) else ""


def is_for_all_in(key: int, event: Event) -> bool:
    """Whether everybody in a room hears of this; only the ops hear who was invited."""
    return isinstance(event, RoomEvent) and event.room.key == key and not isinstance(event, Invited)


bounded = settings(
    max_examples=20,
    stateful_step_count=60,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def test_fuzz_rooms_beside_a_model() -> None:
    """Whatever people do in rooms, the house and the model agree after each act."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        run_state_machine_as_test(RoomsMachine, settings=bounded)
    refused = sum(count for act, count in acts.items() if " " in act)
    print(f"{sum(acts.values())} acts, {refused} of them refused: {dict(acts)}")  # noqa: T201
