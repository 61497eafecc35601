"""Answers as lines: mostly the numbered replies of IRC.

An answer that has no form here is shown as its sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import singledispatch
from typing import Protocol

from chatd.answers import (
    Answer,
    AwayIs,
    Entered,
    FilesAre,
    Help,
    InviteSent,
    LoggedIn,
    MarkerIs,
    MasksAre,
    MembersAre,
    Once,
    Present,
    Refused,
    Registered,
    Rehashing,
    Said,
    Somebody,
    TicketIs,
    TopicIs,
    YouAreAway,
)
from chatd.core.settings import Server
from chatd.frontends.irc.refusals import context_of, number_of
from chatd.frontends.irc.render import about_file, marked, timestamp
from chatd.frontends.irc.roles import signs
from chatd.model import Listing, Person, Rank
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, Line
from chatd.wire.numerics import Numeric


class Reader(Protocol):
    """What has to be known of the client that is answered."""

    person: Person
    rank: Rank

    @property
    def caps(self) -> frozenset[str]:
        """Its capabilities."""

    @property
    def server(self) -> Server:
        """What this server is called."""


_LISTS = {
    Listing.BAN: (Numeric.BANLIST, Numeric.ENDOFBANLIST),
    Listing.EXCEPT: (Numeric.EXCEPTLIST, Numeric.ENDOFEXCEPTLIST),
    Listing.INVITE: (Numeric.INVITELIST, Numeric.ENDOFINVITELIST),
}


@singledispatch
def reply(answer: Answer, reader: Reader, verb: str) -> Iterable[Line | None]:
    """The lines that show an answer to a client; `verb` is what was asked.

    None is a step at which there is nothing to show, but a good moment for others.
    """
    for sentence in str(answer).splitlines():
        yield _notice(reader, sentence)


@reply.register
def _refused(answer: Refused, reader: Reader, verb: str) -> Iterable[Line]:
    error = answer.error
    number = number_of(error, verb)
    if number is not None:
        numeric, context = number
        yield _numeric(reader, numeric, *context(error, verb), str(error))
    elif Cap.STANDARD_REPLIES in reader.caps:
        params = (verb, error.code, *context_of(error), str(error))
        yield Line("FAIL", params, reader.server.name)
    else:
        yield _notice(reader, str(error))


@reply.register
def _said(answer: Said, reader: Reader, verb: str) -> Iterable[Line]:
    if Cap.STANDARD_REPLIES in reader.caps:
        server = reader.server.name
        yield Line("NOTE", (verb, answer.code, answer.text), server)
    else:
        yield _notice(reader, answer.text)


@reply.register
def _files(answer: FilesAre, reader: Reader, verb: str) -> Iterable[Line]:
    if verb != "FILE":
        yield from (_notice(reader, sentence) for sentence in str(answer).splitlines())
        return
    for one in answer.found:
        o = one.offer
        about = (str(o.size), timestamp(o.expires), o.by, o.stage, str(one.held))
        params = ("LISTED", one.to, o.id, *about, o.name)
        yield Line("FILE", params, reader.server.name, about_file(o.type, o.digest))
    yield Line("FILE", ("END", answer.to or "*"), reader.server.name)


@reply.register
def _ticket(answer: TicketIs, reader: Reader, verb: str) -> Iterable[Line]:
    ticket, offer = answer.ticket, answer.offer
    which = (answer.to, offer.id, ticket.side.upper(), ticket.word, timestamp(ticket.until))
    yield Line("FILE", ("TICKET", *which, offer.name), reader.server.name)


@reply.register
def _topic(answer: TopicIs, reader: Reader, verb: str) -> Iterable[Line]:
    topic = answer.room.topic
    if topic is None:
        yield _numeric(reader, Numeric.NOTOPIC, answer.room.name, "No topic is set.")
        return
    yield _numeric(reader, Numeric.TOPIC, answer.room.name, topic.text)
    at = str(topic.at // 1000)
    yield _numeric(reader, Numeric.TOPICWHOTIME, answer.room.name, topic.by, at)


@reply.register
def _members(answer: MembersAre, reader: Reader, verb: str) -> Iterable[Line]:
    yield from names_in(answer, reader)
    yield _numeric(reader, Numeric.ENDOFNAMES, answer.name, "End of /NAMES list.")


def names_in(answer: MembersAre, reader: Reader) -> Iterator[Line]:
    """Who is in a room, without the line that ends it."""
    kind = "@" if answer.room is not None and "secret" in answer.room.modes else "="
    words = map(_naming(reader), answer.present)
    for names in _filled(words, LONGEST - 100 - len(answer.name.encode())):
        yield _numeric(reader, Numeric.NAMREPLY, kind, answer.name, names)


@reply.register
def _entered(answer: Entered, reader: Reader, verb: str) -> Iterable[Line | None]:
    if answer.room.topic is not None:
        yield from _topic(TopicIs(answer.room), reader, verb)
    if Cap.READ_MARKER in reader.caps:
        yield marked(answer.room.name, answer.read, reader.server.name)
    if Cap.NO_IMPLICIT_NAMES not in reader.caps:
        yield None  # of a thousand who come at once, few go through the names at the same time
        yield from _members(answer.members, reader, verb)


@reply.register
def _marker(answer: MarkerIs, reader: Reader, verb: str) -> Iterable[Line]:
    yield marked(answer.to, answer.read, reader.server.name)


@reply.register
def _masks(answer: MasksAre, reader: Reader, verb: str) -> Iterable[Line]:
    item, end = _LISTS[Listing(answer.listing)]
    for mask in answer.masks:
        at = str(mask.at // 1000)
        yield _numeric(reader, item, answer.room.name, mask.pattern, mask.by, at)
    yield _numeric(reader, end, answer.room.name, f"End of the {answer.listing} list.")


@reply.register
def _away(answer: AwayIs, reader: Reader, verb: str) -> Iterable[Line]:
    yield _numeric(reader, Numeric.AWAY, answer.person.name, answer.text)


@reply.register
def _you_are_away(answer: YouAreAway, reader: Reader, verb: str) -> Iterable[Line]:
    yield _numeric(reader, Numeric.NOWAWAY if answer.away else Numeric.UNAWAY, str(answer))


@reply.register
def _invited(answer: InviteSent, reader: Reader, verb: str) -> Iterable[Line]:
    yield _numeric(reader, Numeric.INVITING, answer.who.name, answer.room.name)
    if answer.away is not None:
        yield _numeric(reader, Numeric.AWAY, answer.who.name, answer.away)


@reply.register
def _logged_in(answer: LoggedIn, reader: Reader, verb: str) -> Iterable[Line]:
    if verb == "OPER":
        yield _numeric(reader, Numeric.YOUREOPER, f"You are {reader.rank.name.lower()} now.")
        yield Line("MODE", (reader.person.name, "+o"), reader.person.mask)
        return
    mask, account = answer.person.mask, answer.account.name
    yield _numeric(reader, Numeric.LOGGEDIN, mask, account, f"You are logged in as {account}.")


@reply.register
def _rehashing(answer: Rehashing, reader: Reader, verb: str) -> Iterable[Line]:
    yield _numeric(reader, Numeric.REHASHING, answer.ini, "Reading the settings again.")


@reply.register
def _registered(answer: Registered, reader: Reader, verb: str) -> Iterable[Line]:
    server = reader.server.name
    state = "VERIFICATION_REQUIRED" if answer.pending else "SUCCESS"
    yield Line(verb, (state, answer.name, str(answer)), server)


@reply.register
def _help(answer: Help, reader: Reader, verb: str) -> Iterable[Line]:
    first, *rest = answer.lines or ("",)
    yield _numeric(reader, Numeric.HELPSTART, answer.subject, first)
    for line in rest:
        yield _numeric(reader, Numeric.HELPTXT, answer.subject, line)
    yield _numeric(reader, Numeric.ENDOFHELP, answer.subject, "End of /HELP.")


@reply.register
def _once(answer: Once, reader: Reader, verb: str) -> Iterable[Line]:
    if not answer.people:
        text = "There was no such nickname."
        yield _numeric(reader, Numeric.WASNOSUCHNICK, answer.name, text)
    for person, _ in answer.people:
        yield _user(reader, Numeric.WHOWASUSER, person)
        yield _served_by(reader, person)
    yield _numeric(reader, Numeric.ENDOFWHOWAS, answer.name, "End of WHOWAS.")


@reply.register
def _somebody(answer: Somebody, reader: Reader, verb: str) -> Iterable[Line]:
    name = answer.person.name
    yield _user(reader, Numeric.WHOISUSER, answer.person)
    every = Cap.MULTI_PREFIX in reader.caps
    rooms = [signs(role, every) + room.name for room, role in answer.rooms]
    for some in _filled(rooms, LONGEST - 100):
        yield _numeric(reader, Numeric.WHOISCHANNELS, name, some)
    yield _served_by(reader, answer.person)
    yield from _standing(answer, reader)
    idle, since = str(answer.idle // 1000), str(answer.since // 1000)
    text = "seconds idle, signon time"
    yield _numeric(reader, Numeric.WHOISIDLE, name, idle, since, text)
    yield _numeric(reader, Numeric.ENDOFWHOIS, name, "End of /WHOIS list.")


def _standing(answer: Somebody, reader: Reader) -> Iterator[Line]:
    name = answer.person.name
    if answer.away is not None:
        yield _numeric(reader, Numeric.AWAY, name, answer.away)
    if answer.operator:
        yield _numeric(reader, Numeric.WHOISOPERATOR, name, "is an operator of this server")
    if answer.account is not None:
        yield _numeric(reader, Numeric.WHOISACCOUNT, name, answer.account, "is logged in as")
    if answer.person.bot:
        yield _numeric(reader, Numeric.WHOISBOT, name, "is a bot")
    yield from _more(answer, reader)


def _more(answer: Somebody, reader: Reader) -> Iterator[Line]:
    """What is seldom so, or only for few."""
    name = answer.person.name
    if answer.secure:
        yield _numeric(reader, Numeric.WHOISSECURE, name, "is using a secure connection")
    if answer.fingerprint is not None:
        text = f"has client certificate fingerprint {answer.fingerprint}"
        yield _numeric(reader, Numeric.WHOISCERTFP, name, text)
    if answer.address is not None:
        shown = f"{answer.person.user}@{answer.person.host}"
        real = answer.address or "localhost"
        yield _numeric(
            reader, Numeric.WHOISACTUALLY, name, shown, real, "is really connecting from"
        )
    for key, value in answer.metadata if Cap.METADATA in reader.caps else ():
        yield _numeric(reader, Numeric.WHOISKEYVALUE, name, key, "*", value)


def _user(reader: Reader, numeric: Numeric, person: Person) -> Line:
    return _numeric(reader, numeric, person.name, person.user, person.host, "*", person.real)


def _served_by(reader: Reader, person: Person) -> Line:
    server = reader.server
    return _numeric(reader, Numeric.WHOISSERVER, person.name, server.name, server.description)


def _naming(reader: Reader) -> Callable[[Present], str]:
    masks = Cap.USERHOST_IN_NAMES in reader.caps
    every = Cap.MULTI_PREFIX in reader.caps

    def named(present: Present) -> str:
        person = present.person
        return signs(present.role, every) + (person.mask if masks else person.name)

    return named


def _filled(words: Iterable[str], room: int) -> Iterator[str]:
    """Words in lines of at most so many bytes."""
    line: list[str] = []
    size = 0
    for word in words:
        length = len(word.encode()) + 1
        if line and size + length > room:
            yield " ".join(line)
            line, size = [], 0
        line.append(word)
        size += length
    if line:
        yield " ".join(line)


def _numeric(reader: Reader, numeric: Numeric, *params: str) -> Line:
    server = reader.server.name
    return Line(numeric, (reader.person.name, *params), server)


def _notice(reader: Reader, text: str) -> Line:
    return Line("NOTICE", (reader.person.name, text), reader.server.name)
