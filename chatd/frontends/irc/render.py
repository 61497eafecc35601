"""Events as lines. Pure: the same event and capabilities always give the same lines.

An event that has no form here is shown as its sentence, in a NOTICE from the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache, singledispatch

from msgspec import structs

from chatd.events import (
    Announced,
    Entry,
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
    WentAway,
)
from chatd.frontends.irc.modelines import Change, ModesChanged, params
from chatd.frontends.irc.pieces import pieces
from chatd.frontends.irc.roles import ROLE_LETTERS
from chatd.model import Kind, Outcome
from chatd.wire.caps import Cap
from chatd.wire.irc import LONGEST, Line

Caps = frozenset[str]

_VERBS = {Kind.MESSAGE: "PRIVMSG", Kind.NOTICE: "NOTICE", Kind.SIGNAL: "TAGMSG"}


@singledispatch
def render(event: Event, caps: Caps) -> list[Line]:
    """The lines that show an event to a client with these capabilities; none if it is not
    to be bothered."""
    return [_line(event, caps, "NOTICE", "*", str(event))]


@render.register
def _posted(event: Posted, caps: Caps) -> list[Line]:
    if event.kind is Kind.SIGNAL and Cap.MESSAGE_TAGS not in caps:
        return []
    tags = tags_of(event, caps)
    if event.tags and Cap.MESSAGE_TAGS in caps:
        tags = {**tags, **event.tags}
    verb, source = _VERBS[event.kind], event.by.mask
    if event.kind is Kind.SIGNAL:
        return [Line(verb, (event.to,), source, tags)]
    room = LONGEST - len(f":{source} {verb} {event.to} :\r\n".encode())
    parts = list(pieces(event.text, event.joints, room))
    if len(parts) > 1 and {Cap.MULTILINE, Cap.BATCH} <= caps:
        return _multiline(event, parts, tags)
    texts = [text for text, _ in parts if text] or [""]
    first, *more = (Line(verb, (event.to, text), source, tags) for text in texts)
    return [first, *(structs.replace(line, tags=_without_id(line.tags)) for line in more)]


def _multiline(event: Posted, parts: list[tuple[str, bool]], tags: Mapping[str, str]) -> list[Line]:
    reference, source = event.id, event.by.mask
    lines = [Line("BATCH", (f"+{reference}", "draft/multiline", event.to), source, tags)]
    for text, goes_on in parts:
        inner = {"batch": reference, **({"draft/multiline-concat": ""} if goes_on else {})}
        lines.append(Line(_VERBS[event.kind], (event.to, text), source, inner))
    return [*lines, Line("BATCH", (f"-{reference}",), source)]


def _without_id(tags: Mapping[str, str]) -> dict[str, str]:
    """Only the first line of a message has its id: no two lines may have the same."""
    return {name: value for name, value in tags.items() if name != "msgid"}


@render.register
def _signalled(event: Signalled, caps: Caps) -> list[Line]:
    if Cap.MESSAGE_TAGS not in caps:
        return []
    return [Line("TAGMSG", (event.to,), event.by.mask, {**tags_of(event, caps), **event.tags})]


@render.register
def _redacted(event: Redacted, caps: Caps) -> list[Line]:
    if Cap.MESSAGE_REDACTION not in caps:
        return []
    return [_line(event, caps, "REDACT", event.to, event.message, *_said(event.reason))]


@render.register
def _renamed(event: Renamed, caps: Caps) -> list[Line]:
    """For others, see moved.py."""
    if Cap.CHANNEL_RENAME not in caps:
        return []
    return [_line(event, caps, "RENAME", event.before, event.now, event.reason)]


@render.register
def _joined(event: Joined, caps: Caps) -> list[Line]:
    params: tuple[str, ...] = (event.room.name,)
    if Cap.EXTENDED_JOIN in caps:
        params = (event.room.name, event.by.account or "*", event.by.real or event.by.name)
    lines = [_line(event, caps, "JOIN", *params)]
    if event.role:
        lines.append(_roles(event, caps))
    if event.away is not None and Cap.AWAY_NOTIFY in caps:
        lines.append(_line(event, caps, "AWAY", event.away))
    return lines


def _roles(event: Joined, caps: Caps) -> Line:
    """Whoever comes back with a role is seen to have it, as if the server had given it."""
    letters = "".join(letter for role, letter in ROLE_LETTERS.items() if event.role & role)
    names = [event.by.name] * len(letters)
    tags = {k: v for k, v in tags_of(event, caps).items() if k == "time"}
    return Line("MODE", (event.room.name, f"+{letters}", *names), event.by.mask, tags)


@render.register
def _left(event: Left, caps: Caps) -> list[Line]:
    return [_line(event, caps, "PART", event.room.name, *_said(event.reason))]


@render.register
def _removed(event: Removed, caps: Caps) -> list[Line]:
    reason = event.reason or event.by.name
    return [_line(event, caps, "KICK", event.room.name, event.who.name, reason)]


@render.register
def _topic(event: TopicChanged, caps: Caps) -> list[Line]:
    return [_line(event, caps, "TOPIC", event.room.name, event.text)]


@render.register(ModeChanged)
@render.register(RoleChanged)
@render.register(MaskChanged)
def _changed(event: Change, caps: Caps) -> list[Line]:
    return _modes((event,), caps)


@render.register
def _modes_changed(event: ModesChanged, caps: Caps) -> list[Line]:
    return _modes(event.changes, caps)


def _modes(changes: tuple[Change, ...], caps: Caps) -> list[Line]:
    """Lines of changes; each line has the id of the last that is in it."""
    first = changes[0]
    room = LONGEST - len(f":{first.by.mask} MODE {first.room.name} \r\n".encode())
    return [
        _line(last, caps, "MODE", last.room.name, *shown) for last, shown in params(changes, room)
    ]


@render.register
def _invited(event: Invited, caps: Caps) -> list[Line]:
    return [_line(event, caps, "INVITE", event.who.name, event.room.name)]


@render.register
def _quit(event: Quit, caps: Caps) -> list[Line]:
    return [_line(event, caps, "QUIT", event.reason)]


@render.register
def _person_changed(event: PersonChanged, caps: Caps) -> list[Line]:
    before, now = event.by, event.now
    lines = []
    if (before.user, before.host) != (now.user, now.host) and Cap.CHGHOST in caps:
        lines.append(_line(event, caps, "CHGHOST", now.user, now.host))
    if before.name != now.name:
        lines.append(_line(event, caps, "NICK", now.name))
    if before.account != now.account and Cap.ACCOUNT_NOTIFY in caps:
        lines.append(Line("ACCOUNT", (now.account or "*",), now.mask, tags_of(event, caps)))
    if before.real != now.real and Cap.SETNAME in caps:
        lines.append(Line("SETNAME", (now.real,), now.mask, tags_of(event, caps)))
    return lines


@render.register
def _went_away(event: WentAway, caps: Caps) -> list[Line]:
    if Cap.AWAY_NOTIFY not in caps:
        return []
    return [_line(event, caps, "AWAY", *_said(event.text or ""))]


@render.register(MetadataChanged)
@render.register(RoomMetadataChanged)
def _unseen(event: Event, caps: Caps) -> list[Line]:
    """What is shown to those who have asked for just that: see subscriptions.py."""
    return []


@render.register
def _noticed(event: Noticed, caps: Caps) -> list[Line]:
    return render(event.what, caps) if Cap.EXTENDED_MONITOR in caps else []


@render.register
def _marker_moved(event: MarkerMoved, caps: Caps) -> list[Line]:
    if Cap.READ_MARKER not in caps:
        return []
    time = {"time": timestamp(event.at)} if Cap.SERVER_TIME in caps else {}
    return [tagged(marked(event.to, event.read), time)]


def marked(to: str, read: int | None, server: str | None = None) -> Line:
    """How far somebody has read."""
    when = "*" if read is None else f"timestamp={timestamp(read)}"
    return Line("MARKREAD", (to, when), server)


@render.register
def _offered(event: Offered, caps: Caps) -> list[Line]:
    if Cap.FILES not in caps:
        how = f"/quote ACCEPT {event.file} fetches it."
        told = f"{event.by.name} offers {event.what} to {event.to}: {how}"
        return [_line(event, caps, "NOTICE", event.to, told)]
    params = ("OFFERED", event.to, event.file, str(event.size), timestamp(event.expires))
    line = _line(event, caps, "FILE", *params, event.name)
    return [tagged(line, {**about_file(event.type, event.digest), **line.tags})]


def about_file(media_type: str = "", digest: str = "") -> dict[str, str]:
    """What a line has no room for beside the name of a file, as tags."""
    tags = {"chatd/type": media_type, "chatd/digest": digest}
    return {name: value for name, value in tags.items() if value}


@render.register
def _offer_changed(event: OfferChanged, caps: Caps) -> list[Line]:
    if Cap.FILES not in caps:
        return [_line(event, caps, "NOTICE", event.to, str(event))]
    outcome = event.outcome
    what = (outcome.upper(), event.to, event.file)
    if outcome is Outcome.FAILED:
        return [_line(event, caps, "FILE", *what, event.code, event.reason)]
    told = outcome in (Outcome.DECLINED, Outcome.CANCELLED)
    line = _line(event, caps, "FILE", *what, event.reason if told else event.name)
    return [tagged(line, about_file(digest=event.code))]


@render.register
def _wanted(event: Wanted, caps: Caps) -> list[Line]:
    if Cap.FILES not in caps:
        how = f"/quote BRING {event.file} tells how to bring it."
        told = f"{event.name} is waited for: {how}"
        return [_line(event, caps, "NOTICE", event.by.name, told)]
    return [_line(event, caps, "FILE", "WANTED", event.to, event.file, event.name)]


@render.register
def _announced(event: Announced, caps: Caps) -> list[Line]:
    return [_line(event, caps, "WALLOPS", event.text)]


def tags_of(event: Event, caps: Caps) -> dict[str, str]:
    """The tags that the server itself puts on an event."""
    tags = {}
    if Cap.SERVER_TIME in caps:
        tags["time"] = timestamp(event.at)
    if Cap.MESSAGE_TAGS in caps and isinstance(event, Entry | Signalled) and event.id:
        tags["msgid"] = event.id
    if Cap.ACCOUNT_TAG in caps and event.by.account is not None:
        tags["account"] = event.by.account
    if Cap.MESSAGE_TAGS in caps and event.by.bot:
        tags["bot"] = ""
    return tags


def timestamp(time: int) -> str:
    """Milliseconds since 1970 as IRCv3 writes them: 2026-11-21T14:23:15.042Z."""
    return f"{_second(time // 1000)}.{time % 1000:03}Z"


@lru_cache(64)
def _second(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _line(event: Event, caps: Caps, verb: str, *params: str) -> Line:
    return Line(verb, params, event.by.mask, tags_of(event, caps))


def tagged(line: Line, tags: Mapping[str, str]) -> Line:
    """The same line with more tags."""
    return Line(line.verb, line.params, line.source, {**tags, **line.tags})


def _said(text: str) -> tuple[str, ...]:
    return (text,) if text else ()
